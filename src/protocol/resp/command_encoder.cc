#include "protocol/resp/command_encoder.h"

#include <cstdint>

#include "base/numbers.h"

namespace larder::protocol {
namespace {

template <class Target>
void append_header(Target& target, char type, std::size_t number) {
  target.append(Bytes(&type, 1));
  target.append(IntegerText(static_cast<std::uint64_t>(number)).bytes());
  target.append(Bytes("\r\n"));
}

template <class Target>
void append_bulk(Target& target, Bytes bytes) {
  append_header(target, '$', bytes.size());
  target.append(bytes);
  target.append(Bytes("\r\n"));
}

}  // namespace

void begin_command(std::string& target, std::size_t argument_count) {
  append_header(target, '*', argument_count);
}

void append_argument(std::string& target, Bytes argument) { append_bulk(target, argument); }

void append_command(std::string& target, std::span<const Bytes> arguments) {
  begin_command(target, arguments.size());
  for (const Bytes argument : arguments) append_argument(target, argument);
}

void append_command(Output& target, std::span<const Bytes> arguments) {
  append_header(target, '*', arguments.size());
  for (const Bytes argument : arguments) append_bulk(target, argument);
}

}  // namespace larder::protocol
