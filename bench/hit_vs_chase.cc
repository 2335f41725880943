// hit_vs_chase: what a look-up costs, told in reads from memory.
//
// A time in nanoseconds says as much of the machine as of the cache. Here the unit is one dependent read: a
// pointer chase through as many bytes as the cache has resident, each pointer naming the line that holds the
// next, so that nothing can be fetched ahead. Chase and look-ups take turns, a few rounds of each, and every
// ratio is one of two neighbours in time.
//
// Single look-ups are measured twice. "waiting": which key comes next is known only once the value before it
// has been read; this is the one to hold against the chase, which waits as well. "at will": the keys are
// known, and the processor may begin a look-up while the one before still waits for memory; this is the one
// to hold against batches, which know their keys too. So each target is held to the harder of the two.
//
// Time is the thread's own on its core, so that others on the machine lengthen it only by what they do to the
// shared caches and the memory.
//
// The chase lies in ordinary anonymous memory without madvise, and how much of the process stands in huge
// pages is printed: where only one of the two has them, the ratio is not worth much.
#include <algorithm>
#include <cstdio>
#include <malloc.h>
#include <memory>
#include <span>
#include <string>
#include <sys/mman.h>

#include "arguments.h"
#include "harness.h"
#include "keys.h"

namespace larder::bench {
namespace {

constexpr std::size_t batch_size = 16;

struct Options {
  std::uint64_t items = 10'000'000;
  std::uint64_t value_size = 100;
  std::uint64_t calls = 2'000'000;
  std::uint64_t rounds = 5;
  std::uint64_t chase_size_max = std::uint64_t{2304} << 20;
};

// Lines of memory on one cycle in random order.
class Chase final {
 public:
  explicit Chase(std::size_t size) : count_(std::max<std::size_t>(size / sizeof(Line), 2)) {
    void* const memory = mmap(nullptr, count_ * sizeof(Line), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) fail("no memory for a pointer chase over " + std::to_string(size) + " bytes");
    lines_ = static_cast<Line*>(memory);
    // Sattolo's shuffle: any one cycle is as likely as any other.
    for (std::size_t i = 0; i < count_; ++i) lines_[i].next = i;
    Draws draws(11);
    for (std::size_t i = count_ - 1; i > 0; --i) std::swap(lines_[i].next, lines_[draws.below(i)].next);
  }
  ~Chase() { munmap(lines_, count_ * sizeof(Line)); }
  Chase(const Chase&) = delete;
  Chase& operator=(const Chase&) = delete;

  [[nodiscard]] std::size_t size() const { return count_ * sizeof(Line); }

  // Goes on from where the last walk ended.
  void walk(std::size_t steps) {
    for (; steps > 0; --steps) at_ = lines_[at_].next;
  }

  [[nodiscard]] std::uint64_t at() const { return at_; }

 private:
  struct alignas(64) Line {
    std::uint64_t next;
  };

  std::size_t count_;
  Line* lines_ = nullptr;
  std::uint64_t at_ = 0;
};

// Nanoseconds for each of about `calls` keys; `use` is handed a block of them at a time.
template <class Use>
double time_keys(Draws& draws, std::size_t item_count, std::size_t calls, Use use) {
  KeyBlock block;
  const std::size_t block_count = std::max<std::size_t>(calls / block_size, 1);
  const std::int64_t started = processor_ns();
  for (std::size_t i = 0; i < block_count; ++i) {
    block.refill([&] { return draws.below(item_count); });
    use(block.keys());
  }
  return static_cast<double>(processor_ns() - started) / static_cast<double>(block_count * block_size);
}

class Rounds final {
 public:
  Rounds(const Options& options, cache::Cache& cache, Chase& chase)
      : options_(options), cache_(cache), chase_(chase), value_(value_of_size(options.value_size)) {}

  void run() {
    for (std::uint64_t round = 0; round < options_.rounds; ++round) {
      const double chase = time_chase();
      const double waiting = time_waiting();
      const double at_will = time_at_will();
      const double batched = time_batched();
      loop_.add(time_loop());
      chase_ns_.add(chase);
      waiting_.add(waiting);
      at_will_.add(at_will);
      batched_.add(batched);
      waiting_to_chase_.add(waiting / chase);
      at_will_to_chase_.add(at_will / chase);
      at_will_to_batched_.add(at_will / batched);
      waiting_to_batched_.add(waiting / batched);
    }
    if (missing_ > 0) fail(std::to_string(missing_) + " keys that were stored are missing");
  }

  void print() const {
    print_row_head("each, in nanoseconds", "ns");
    print_row("one dependent read (pointer chase)", chase_ns_);
    print_row("hit, waiting for the value before", waiting_);
    print_row("hit, at will", at_will_);
    print_row("hit, in batches of 16", batched_);
    print_row("the loop alone, in each hit above", loop_);
    print_row_head("ratios, round by round", "");
    print_row("hit, waiting : dependent read  (at most 2)", waiting_to_chase_);
    print_row("hit, at will : dependent read", at_will_to_chase_);
    print_row("hit, at will : batched         (at least 2)", at_will_to_batched_);
    print_row("hit, waiting : batched", waiting_to_batched_);
  }

 private:
  double time_chase() {
    const std::int64_t started = processor_ns();
    chase_.walk(options_.calls);
    const std::int64_t took = processor_ns() - started;
    // Never true, but the compiler does not know: the walk has to be made.
    if (chase_.at() == ~std::uint64_t{0}) fail("the chase left its lines");
    return static_cast<double>(took) / static_cast<double>(options_.calls);
  }

  double time_loop() {
    return time_keys(draws_, options_.items, options_.calls, [this](auto keys) {
      for (const Bytes key : keys) {
        asm volatile("" : : "r"(key.data()) : "memory");
        sink_.take(value_);
      }
    });
  }

  double time_at_will() {
    return time_keys(draws_, options_.items, options_.calls, [this](auto keys) {
      for (const Bytes key : keys) look_up(key);
    });
  }

  double time_waiting() {
    return time_keys(draws_, options_.items, options_.calls, [this](auto keys) {
      for (std::size_t i = 0; i < keys.size(); ++i) {
        // first() is 0. Where the key stands in the block depends on it, and so does all that follows.
        look_up(keys[i + sink_.first()]);
      }
    });
  }

  double time_batched() {
    return time_keys(draws_, options_.items, options_.calls, [this](auto keys) {
      for (std::size_t first = 0; first < keys.size(); first += batch_size) {
        cache_.get_many(0, keys.subspan(first, batch_size), now,
                        [this](std::size_t /*index*/, const cache::ItemView* item) {
                          if (item == nullptr) {
                            ++missing_;
                          } else {
                            sink_.take(item->value);
                          }
                        });
      }
    });
  }

  void look_up(Bytes key) {
    const bool found =
        cache_.get(0, key, now, [this](const cache::ItemView& item) { sink_.take(item.value); });
    missing_ += found ? 0U : 1U;
  }

  const Options& options_;
  cache::Cache& cache_;
  Chase& chase_;
  std::string value_;
  Draws draws_{12};
  ValueSink sink_;
  std::uint64_t missing_ = 0;
  Series chase_ns_, waiting_, at_will_, batched_, loop_;
  Series waiting_to_chase_, at_will_to_chase_, at_will_to_batched_, waiting_to_batched_;
};

void measure(const std::string& backend, const Options& options) {
  malloc_trim(0);  // what the back end before this one has freed must not be counted as there already
  const std::size_t before = resident_size();
  const auto cache = make_cache(backend, ample_memory_size(options.items, options.value_size));
  fill(*cache, options.items, options.value_size);
  // As the ticks of a server would: index and log come into huge pages by and by.
  for (std::size_t size = 0; size < cache->stats().memory_limit; size += std::size_t{2} << 20) {
    static_cast<void>(cache->sweep(now, 1000));
  }
  const std::size_t cache_size = resident_size() - std::min(before, resident_size());
  Chase chase(std::min<std::size_t>(cache_size, options.chase_size_max));
  chase.walk(options.calls);
  Rounds rounds(options, *cache, chase);
  rounds.run();

  constexpr double mib = 1 << 20;
  std::printf(
      "%s: %zu items of %zu bytes in %.0f MiB, %.1f bytes each; chase through %.0f MiB; %.0f MiB in huge "
      "pages\n",
      backend.c_str(), static_cast<std::size_t>(options.items), static_cast<std::size_t>(options.value_size),
      static_cast<double>(cache_size) / mib,
      static_cast<double>(cache_size) / static_cast<double>(options.items),
      static_cast<double>(chase.size()) / mib, static_cast<double>(huge_page_size()) / mib);
  rounds.print();
  std::printf("\n");
}

int run(int argc, char** argv) {
  Options options;
  Arguments arguments(
      "What a look-up that hits costs, against one dependent read from memory (a pointer chase).");
  arguments.add("items", options.items, "Items in the cache, with 20-byte keys");
  arguments.add("value-size", options.value_size, "Bytes of a value, 8 to 1024");
  arguments.add("calls", options.calls, "Look-ups, and steps of the chase, a round");
  arguments.add("rounds", options.rounds, "Rounds of chase and look-ups in turn");
  arguments.add("chase-size-max", options.chase_size_max,
                "The chase runs through as many bytes as the cache has, but through no more than this");
  arguments.parse(argc, argv);
  if (options.value_size < 8 || options.value_size > ValueSink::size_max) fail("--value-size: 8 to 1024");
  if (options.items == 0 || options.items >> 32 != 0) fail("--items: 1 to 4294967295");
  if (options.rounds == 0 || options.calls == 0) fail("--rounds and --calls: at least 1");
  pin_to_core(usable_cores().back());
  for (const std::string& backend : arguments.backends()) measure(backend, options);
  return 0;
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) { return larder::bench::run(argc, argv); }
