// The client library in one page: larder-client-example [resp://host:port]
//
// Prints what it did, and "done" at the end; exits with 1 and a sentence if the cache could not be reached or
// answered something else than what was stored.
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <larder/client.h>
#include <string>
#include <type_traits>
#include <utility>

namespace {

using namespace std::chrono_literals;

[[noreturn]] void give_up(const std::string& reason) {
  std::cerr << "larder-client-example: " << reason << '\n';
  std::exit(1);
}

/// The answer, or the end: what a program does about an Error is its own affair.
template <class T>
T must(larder::Result<T> result) {
  if (!result) give_up(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void check(bool condition, const char* what) {
  if (!condition) give_up(std::string("expected that ") + what);
  std::cout << what << '\n';
}

}  // namespace

int main(int argument_count, char** arguments) {
  larder::ClientOptions options;
  if (argument_count > 1) options.address = arguments[1];
  options.call_timeout = 2s;
  larder::Client client = must(larder::make_client(options));
  must(client.ping());

  // Keys and values are bytes of any value.
  const std::string key("example\0\r\n\xFF", 11);
  must(client.set(key, "eleven"));
  check(must(client.get(key)) == "eleven", "a value comes back");
  check(must(client.exists(key)), "its key exists");
  check(must(client.remove(key)), "its key can be removed");
  check(!must(client.get(key)), "a miss is an answer, not an error");

  must(client.set("example:short", "soon gone", 60s));
  const std::array<larder::Bytes, 2> keys = {"example:short", "example:absent"};
  const auto values = must(client.get_many(keys));
  check(values[0] == "soon gone" && !values[1], "many keys are read at once");

  larder::Pipeline pipeline;
  for (int i = 0; i < 1000; ++i) pipeline.set("example:" + std::to_string(i), std::to_string(i));
  pipeline.get("example:999");
  const auto answers = must(client.run(pipeline));
  check(answers.size() == 1001, "a pipeline is answered command by command");
  check(answers.back() && answers.back()->value == "999", "its commands are run in order");

  std::cout << "done\n";
}
