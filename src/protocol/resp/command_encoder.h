// protocol/resp/command_encoder.h: a request of RESP, client role: an array of bulk strings.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/output.h"

namespace larder::protocol {

/// Starts a command of `argument_count` arguments, its name included: that many append_argument() follow.
void begin_command(std::string& target, std::size_t argument_count);
void append_argument(std::string& target, Bytes argument);

/// A whole command. `arguments` are bytes of any value, the name first.
void append_command(std::string& target, std::span<const Bytes> arguments);
void append_command(Output& target, std::span<const Bytes> arguments);

inline void append_command(std::string& target, std::initializer_list<Bytes> arguments) {
  append_command(target, std::span(arguments.begin(), arguments.size()));
}

}  // namespace larder::protocol
