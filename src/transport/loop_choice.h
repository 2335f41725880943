// transport/loop_choice.h: which event loop a program runs on, decided once at start.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "transport/event_loop.h"

namespace larder::transport {

/// What may be asked for: "auto" first.
[[nodiscard]] std::span<const Bytes> event_loop_names();

/// A loop, and why it.
struct LoopChoice {
  Bytes name;
  std::string reason;  // half a sentence
  Result<std::unique_ptr<EventLoop>> (*make)(const LoopOptions& options) = nullptr;
};

/// `wanted` is one of event_loop_names(). "auto" tries whether the kernel lets this process have an io_uring,
/// and takes epoll if not. Errors: unsupported, where io_uring is asked for by name and refused.
[[nodiscard]] Result<LoopChoice> choose_event_loop(Bytes wanted);

}  // namespace larder::transport
