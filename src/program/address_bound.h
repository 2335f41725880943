// program/address_bound.h: --connections-per-address, of every program that listens.
#pragma once

#include "program/option_table.h"

namespace larder::program {

[[nodiscard]] OptionRow address_bound_option_row();

}  // namespace larder::program
