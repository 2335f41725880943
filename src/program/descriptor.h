// program/descriptor.h: a file descriptor that is closed with its scope.
#pragma once

#include <unistd.h>

namespace larder::program {

/// Owns a descriptor, which may be -1: it could not be opened.
class Descriptor final {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

}  // namespace larder::program
