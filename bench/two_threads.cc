// two_threads: what two threads lose by sharing one cache.
//
// Two threads, each on a core of its own, once on one cache and once on a cache each, with the same items and
// the same limits; in turns, a few rounds of each, and with one thread alone beside them. What remains of two
// caches' rate is what locks and lines of memory that wander between cores leave over. That is the most that
// sharing can reach, since two separate caches already share memory, the last cache level and the machine.
//
// Keys are drawn by Zipf's law, so that the hottest are asked for by both threads all the time: rank r with a
// weight of r to the power of -0.99, and ranks are scattered over the ids. Of the calls 95 % are get() with
// the value copied out and 5 % are set() with a value of the same size. All draws are made beforehand; both
// threads walk the same table from different places, in every mode alike.
//
// Each mode runs for a fixed time, so that no thread is left alone at the end. The same rates are also told
// by the second of processor time, which others on the machine take nothing from; but a thread that sleeps
// for a lock takes none either, so of a cache with locks only the first are true.
#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "arguments.h"
#include "harness.h"
#include "keys.h"

namespace larder::bench {
namespace {

struct Options {
  std::uint64_t items = 1'000'000;
  std::uint64_t value_size = 64;
  std::uint64_t draws = std::uint64_t{1} << 22;
  std::uint64_t milliseconds = 1000;
  std::uint64_t rounds = 5;
  std::uint64_t shards = 0;
};

constexpr double zipf_exponent = 0.99;
constexpr std::uint64_t calls_to_a_write = 20;

// An id, and in the highest bit whether it is written.
using Draw = std::uint32_t;
constexpr Draw write_bit = Draw{1} << 31;

std::vector<Draw> make_draws(std::size_t item_count, std::size_t draw_count) {
  std::vector<double> weight_up_to(item_count);
  double sum = 0;
  for (std::size_t rank = 0; rank < item_count; ++rank) {
    sum += std::pow(static_cast<double>(rank + 1), -zipf_exponent);
    weight_up_to[rank] = sum;
  }
  std::vector<Draw> id_of_rank(item_count);
  for (std::size_t i = 0; i < item_count; ++i) id_of_rank[i] = static_cast<Draw>(i);
  Draws random(21);
  for (std::size_t i = item_count - 1; i > 0; --i) std::swap(id_of_rank[i], id_of_rank[random.below(i + 1)]);

  std::vector<Draw> draws(draw_count);
  for (Draw& draw : draws) {
    const double at = static_cast<double>(random.next() >> 11) * 0x1p-53 * sum;
    const auto found = std::ranges::lower_bound(weight_up_to, at);
    const auto rank = std::min(static_cast<std::size_t>(found - weight_up_to.begin()), item_count - 1);
    draw = id_of_rank[rank];
    if (random.below(calls_to_a_write) == 0) draw |= write_bit;
  }
  return draws;
}

struct Work {
  cache::Cache* cache = nullptr;
  std::size_t first_draw = 0;
  int core = 0;
};

// Millions of calls a second, all threads together.
struct Rate {
  double wall = 0;
  double processor = 0;  // by the second that each thread was on its core
  double cores = 0;      // on how many cores they were, on average
};

class Runner final {
 public:
  Runner(const Options& options, std::vector<Draw> draws)
      : options_(options), draws_(std::move(draws)), value_(value_of_size(options.value_size)) {}

  Rate rate(const std::vector<Work>& works) {
    std::barrier start(static_cast<std::ptrdiff_t>(works.size()));
    std::vector<Rate> rates(works.size());
    {
      std::vector<std::jthread> threads;
      threads.reserve(works.size());
      for (std::size_t i = 0; i < works.size(); ++i) {
        threads.emplace_back([&, i] {
          pin_to_core(works[i].core);
          start.arrive_and_wait();
          rates[i] = run_one(works[i]);
        });
      }
    }
    Rate sum;
    for (const Rate& one : rates) {
      sum.wall += one.wall;
      sum.processor += one.processor;
      sum.cores += one.cores;
    }
    return sum;
  }

 private:
  Rate run_one(const Work& work) {
    KeyBlock block;
    ValueSink sink;
    std::uint64_t calls = 0;
    std::uint64_t missing = 0;
    std::size_t at = work.first_draw;
    const std::int64_t processor_started = processor_ns();
    const std::int64_t started = clock_ns();
    const std::int64_t end = started + static_cast<std::int64_t>(options_.milliseconds) * 1'000'000;
    std::int64_t ended = started;
    // The clock is read once a block.
    for (; ended < end; ended = clock_ns()) {
      const Draw* const draws = draws_.data() + at;
      std::size_t i = 0;
      block.refill([&] { return draws[i++] & ~write_bit; });
      for (i = 0; i < block_size; ++i) {
        const Bytes key = block.keys()[i];
        if ((draws[i] & write_bit) != 0) {
          work.cache->set(0, key, value_, cache::Expiry::none(), cache::Condition::always(), now);
        } else {
          const bool found =
              work.cache->get(0, key, now, [&](const cache::ItemView& item) { sink.take(item.value); });
          missing += found ? 0U : 1U;
        }
      }
      calls += block_size;
      at += block_size;
      if (at + block_size > draws_.size()) at = 0;
    }
    if (missing > 0) fail(std::to_string(missing) + " keys that were stored are missing");
    const auto on_core = static_cast<double>(processor_ns() - processor_started);
    const auto took = static_cast<double>(ended - started);
    const double million_calls = static_cast<double>(calls) / 1e6;
    return {.wall = million_calls / took * 1e9,
            .processor = million_calls / on_core * 1e9,
            .cores = on_core / took};
  }

  const Options& options_;
  std::vector<Draw> draws_;
  std::string value_;
};

void measure(const std::string& backend, const Options& options, Runner& runner,
             const std::vector<int>& cores) {
  std::vector<std::unique_ptr<cache::Cache>> caches;
  for (int i = 0; i < 3; ++i) {
    caches.push_back(
        make_cache(backend, ample_memory_size(options.items, options.value_size), options.shards));
    fill(*caches.back(), options.items, options.value_size);
  }
  cache::Cache* const shared = caches[0].get();
  const std::size_t half_way = options.draws / 2;
  struct Mode {
    const char* name;
    std::vector<Work> works;
    Series wall{};
    Series processor{};
    Series cores{};
  };
  Mode alone{.name = "one thread alone", .works = {{.cache = shared, .first_draw = 0, .core = cores[0]}}};
  Mode together{.name = "two threads, one cache",
                .works = {{.cache = shared, .first_draw = 0, .core = cores[0]},
                          {.cache = shared, .first_draw = half_way, .core = cores[1]}}};
  Mode apart{.name = "two threads, a cache each",
             .works = {{.cache = caches[1].get(), .first_draw = 0, .core = cores[0]},
                       {.cache = caches[2].get(), .first_draw = half_way, .core = cores[1]}}};
  Series ratio;
  Series processor_ratio;
  Series gain;
  const auto run_mode = [&](Mode& mode) {
    const Rate rate = runner.rate(mode.works);
    mode.wall.add(rate.wall);
    mode.processor.add(rate.processor);
    mode.cores.add(rate.cores);
    return rate;
  };
  for (std::uint64_t round = 0; round < options.rounds; ++round) {
    const Rate one = run_mode(alone);
    const Rate same = run_mode(together);
    const Rate separate = run_mode(apart);
    ratio.add(same.wall / separate.wall);
    processor_ratio.add(same.processor / separate.processor);
    gain.add(same.wall / one.wall);
  }
  std::printf("%s: %zu items of %zu bytes, zipf %.2f, 95 %% get, 5 %% set, %zu rounds of %zu ms\n",
              backend.c_str(), static_cast<std::size_t>(options.items),
              static_cast<std::size_t>(options.value_size), zipf_exponent,
              static_cast<std::size_t>(options.rounds), static_cast<std::size_t>(options.milliseconds));
  const auto print_modes = [&](const char* title, Series Mode::* series) {
    print_row_head(title, "");
    for (const Mode* mode : {&alone, &together, &apart}) print_row(mode->name, mode->*series);
  };
  print_modes("millions of calls a second", &Mode::wall);
  print_modes("the same by processor time", &Mode::processor);
  print_modes("cores that the threads were on", &Mode::cores);
  print_row_head("ratios, round by round", "");
  print_row("one cache : a cache each  (at least 0.9)", ratio);
  print_row("one cache : a cache each, by processor time", processor_ratio);
  print_row("one cache : one thread alone", gain);
  std::printf("\n");
}

int run(int argc, char** argv) {
  Options options;
  Arguments arguments("What two threads reach on one cache, against two threads on a cache each.");
  arguments.add("items", options.items, "Items in each cache, with 20-byte keys");
  arguments.add("value-size", options.value_size, "Bytes of a value, 8 to 1024");
  arguments.add("draws", options.draws, "Keys drawn beforehand, over and over again");
  arguments.add("milliseconds", options.milliseconds, "How long each mode of a round runs");
  arguments.add("rounds", options.rounds, "Rounds of all modes in turn");
  arguments.add("shards", options.shards, "0: as many as larder-server chooses for two workers");
  arguments.parse(argc, argv);
  if (options.value_size < 8 || options.value_size > ValueSink::size_max) fail("--value-size: 8 to 1024");
  if (options.items == 0 || options.items >= write_bit) fail("--items: 1 to 2147483647");
  if (options.draws < 4 * block_size) fail("--draws: at least 256");
  if (options.rounds == 0) fail("--rounds: at least 1");
  std::vector<int> cores = usable_cores();
  if (cores.size() < 2) {
    std::printf("only one core may be used: the threads share it, and the ratios mean nothing\n");
    cores.push_back(cores.front());
  }
  Runner runner(options, make_draws(options.items, options.draws));
  for (const std::string& backend : arguments.backends()) measure(backend, options, runner, cores);
  return 0;
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) { return larder::bench::run(argc, argv); }
