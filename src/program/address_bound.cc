#include "program/address_bound.h"

namespace larder::program {

OptionRow address_bound_option_row() {
  return {.flag = "connections-per-address",
          .kind = OptionKind::count,
          .default_text = "0",
          .max = 1'000'000,
          .help =
              "The most connections at a time from one address, which is a network of 64 bits for IPv6; 0 "
              "means no such bound, and Unix sockets have none"};
}

}  // namespace larder::program
