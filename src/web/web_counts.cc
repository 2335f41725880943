#include "web/web_counts.h"

#include "program/log.h"

namespace larder::web {

std::string WebCounts::text() const {
  const auto part = [](const Count& count, const char* what) { return std::to_string(count.load()) + what; };
  return part(connections, " connections served, ") + part(connections_refused, " refused (") +
         part(connections_refused_per_address, " for one address had its share), ") +
         part(slow_readers_closed, " closed as slow readers; ") +
         part(requests_refused, " requests refused for want of room, ") +
         part(cache_failures, " calls that the cache failed");
}

void CountReport::tick() {
  const std::uint64_t count = trouble_count();
  if (count == reported_) return;
  reported_ = count;
  program::log_warn("overloaded; since the start: " + counts_.text());
}

}  // namespace larder::web
