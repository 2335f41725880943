// session/resp_info.h: the text of INFO.
//
// Sections and fields are named and ordered as redis-server 7.0.15 writes them, so that monitors which know
// Redis read them; what is Larder's own begins with larder_ and stands last in its section, but in Server. A
// field that says how much there is of a thing this server does not have reads 0, since that is so; one for
// which there is a thing but no figure (the allocator's, the sizes of single connections' buffers) is left
// out.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "session/command_stats.h"
#include "session/server_stats.h"

namespace larder::session {

/// The version of Redis whose commands clients may expect. Some choose by it what they send.
inline constexpr Bytes redis_version = "7.4.0";

/// What INFO tells of.
struct InfoFigures {
  ServerStats server;
  CommandTotals commands;
  std::optional<ProcessUse> process;  // none: its fields are left out
  TimePoint now;
  DatabaseDurations mean_times_to_live{};  // of what has a deadline: an estimate
};

/// The sections that `names` ask for, each once, in their fixed order, whatever the case. "all" and
/// "everything" ask for each; "default", and no names, for all but the statistics of each command. Names that
/// are not known ask for nothing.
[[nodiscard]] std::string info_text(const InfoFigures& figures, std::span<const Bytes> names);

/// Whether they ask for this one, a name of Redis.
[[nodiscard]] bool info_shows(Bytes section, std::span<const Bytes> names);

}  // namespace larder::session
