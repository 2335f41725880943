#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/ascii.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

// What names belong to, with its verb, as the error says it: "lists are"; and the names.
struct Absent {
  Bytes what;
  Bytes names;
};

constexpr std::array all{
    Absent{"HyperLogLogs are", "pfadd pfcount pfdebug pfmerge pfselftest"},
    Absent{"bits of strings are", "bitcount bitfield bitfield_ro bitop bitpos getbit setbit"},
    Absent{"channels are", "psubscribe publish spublish ssubscribe subscribe"},
    Absent{"clusters are", "asking"},
    Absent{"dumps are", "dump migrate restore restore-asking"},
    Absent{"geographic sets are",
           "geoadd geodist geohash geopos georadius georadius_ro georadiusbymember "
           "georadiusbymember_ro geosearch geosearchstore"},
    Absent{"hashes are",
           "hdel hexists hexpire hexpireat hexpiretime hget hgetall hgetdel hgetex hincrby "
           "hincrbyfloat hkeys hlen hmget hmset hpersist hpexpire hpexpireat hpexpiretime "
           "hpttl hrandfield hscan hset hsetex hsetnx hstrlen httl hvals"},
    Absent{"lists are",
           "blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos "
           "lpush lpushx lrange lrem lset ltrim rpop rpoplpush rpush rpushx"},
    Absent{"replication is", "failover psync replconf sync waitaof"},
    Absent{"scripts are", "eval eval_ro evalsha evalsha_ro fcall fcall_ro"},
    Absent{"sets are",
           "sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers "
           "smismember smove spop srandmember srem sscan sunion sunionstore"},
    Absent{"sorted sets are",
           "bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter "
           "zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin zrandmember "
           "zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex "
           "zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore "
           "zrevrank zscan zscore zunion zunionstore"},
    Absent{"sorting is", "sort sort_ro"},
    Absent{"streams are",
           "xack xackdel xadd xautoclaim xclaim xdel xdelex xgroup xinfo xlen xpending "
           "xrange xread xreadgroup xrevrange xsetid xtrim"},
    Absent{"vector sets are",
           "vadd vcard vdim vemb vgetattr vinfo vismember vlinks vrandmember vrange vrem vsetattr vsim"},
};

// Subcommands, in containers of which others are served.
constexpr std::array all_subcommands{
    Absent{"clusters are",
           "cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|count-failure-reports "
           "cluster|countkeysinslot cluster|delslots cluster|delslotsrange cluster|failover "
           "cluster|flushslots cluster|forget cluster|getkeysinslot cluster|links cluster|meet "
           "cluster|migration cluster|myshardid cluster|replicas cluster|replicate cluster|reset "
           "cluster|saveconfig cluster|set-config-epoch cluster|setslot cluster|slaves cluster|slot-stats"},
    Absent{"functions are", "function|dump function|load function|restore"},
    Absent{"scripts are", "script|debug script|show"},
    Absent{"users are", "acl|deluser acl|dryrun acl|genpass acl|load acl|log acl|save acl|setuser"},
};

std::vector<CommandSpec> make_rows(std::span<const Absent> parts) {
  std::vector<CommandSpec> rows;
  for (const Absent& absent : parts) {
    Bytes names = absent.names;
    while (!names.empty()) {
      const std::size_t size = std::min(names.find(' '), names.size());
      CommandSpec made = row(names.substr(0, size), -1, "", no_keys, "", nullptr, absent.what, "", "");
      made.reach = Reach::nothing;
      made.is_served = false;
      rows.push_back(made);
      names.remove_prefix(std::min(size + 1, names.size()));
    }
  }
  return rows;
}

}  // namespace

std::span<const CommandSpec> absent_commands() {
  static const std::vector<CommandSpec> rows = make_rows(all);
  return rows;
}

const CommandSpec* find_absent_subcommand(const CommandSpec& container, Bytes name) {
  static const std::vector<CommandSpec> rows = make_rows(all_subcommands);
  const auto found = std::ranges::find_if(rows, [&](const CommandSpec& spec) {
    const std::size_t bar = spec.name.find('|');
    return spec.name.substr(0, bar) == container.name &&
           equals_ignoring_case(spec.name.substr(bar + 1), name);
  });
  return found != rows.end() ? &*found : nullptr;
}

}  // namespace larder::session
