// session/resp_info.h: the text of INFO.
//
// Sections and fields are named as in Redis, so that monitors which know Redis read them; what is Larder's
// own begins with larder_. A field that Larder has no figure for is left out, but for those that clients
// cannot do without: loading, role, cluster_enabled; and expires and avg_ttl of a database, which are not
// counted and read 0.
#pragma once

#include <span>
#include <string>

#include "base/bytes.h"
#include "session/server_stats.h"

namespace larder::session {

/// The version of Redis whose commands clients may expect. Some choose by it what they send.
inline constexpr Bytes redis_version = "7.4.0";

/// The sections that `names` ask for, each once, in their fixed order, whatever the case; "default", "all"
/// and "everything" ask for each; no names: all. Names that are not known ask for nothing.
[[nodiscard]] std::string info_text(const ServerStats& stats, TimePoint now, std::span<const Bytes> names);

}  // namespace larder::session
