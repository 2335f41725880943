// program/sample_file.h: for tests: is the sample file in docs/ what the table prints?
//
// With REWRITE_SAMPLES set in the environment the file is written instead:
//
//   REWRITE_SAMPLES=1 build/dev/bin/larder_server_test --gtest_filter='*Sample*'
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "program/option_table.h"
#include "program/sample_config.h"

namespace larder::program {

/// The file's text after that; what a test compares with sample_config(table).
inline std::string sample_file_text(const OptionTable& table, const std::string& path) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): a test's only thread reads it
  if (std::getenv("REWRITE_SAMPLES") != nullptr)
    std::ofstream(path, std::ios::binary) << sample_config(table);
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace larder::program
