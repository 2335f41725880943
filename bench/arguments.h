// bench/arguments.h: the options of the programs in this folder.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace larder::bench {

/// Reads --name value pairs into variables that hold their defaults. With --help the options are printed,
/// with a bad one what is wrong; the program then ends.
class Arguments final {
 public:
  explicit Arguments(std::string summary) : summary_(std::move(summary)) {}

  /// A number, or a size in bytes: 100, 20mb, 2gb (powers of 1024).
  void add(std::string name, std::uint64_t& value, std::string help) {
    rows_.push_back({.name = std::move(name), .value = &value, .help = std::move(help)});
  }

  /// Also adds --backend, which may be given more than once and by default is every name that there is.
  void parse(int argc, char** argv);

  [[nodiscard]] const std::vector<std::string>& backends() const { return backends_; }

 private:
  struct Row {
    std::string name;
    std::uint64_t* value;
    std::string help;
  };

  std::string summary_;
  std::vector<Row> rows_;
  std::vector<std::string> backends_;
};

}  // namespace larder::bench
