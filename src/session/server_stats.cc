#include "session/server_stats.h"

#include <algorithm>

namespace larder::session {

ServerStats gather_stats(const cache::Keyspace& keys, const Environment& environment, TimePoint now) {
  ServerStats stats;
  stats.facts = &environment.facts;
  // Wall time may have been set back since the start.
  stats.uptime =
      std::max(std::chrono::seconds{0},
               std::chrono::duration_cast<std::chrono::seconds>(now - environment.facts.started_at));
  stats.cache = keys.stats();
  stats.counters = insight::add_up(environment.all_counters);
  for (std::size_t database = 0; database < cache::database_count; ++database) {
    stats.database_item_counts[database] = keys.item_count(static_cast<cache::Database>(database));
  }
  return stats;
}

}  // namespace larder::session
