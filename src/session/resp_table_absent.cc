#include <algorithm>
#include <array>
#include <vector>

#include "session/resp_tables.h"

namespace larder::session {
namespace {

// What a name belongs to, as the error says it, and the names.
struct Absent {
  Bytes what;
  Bytes names;
};

constexpr std::array all{
    Absent{"HyperLogLogs", "pfadd pfcount pfdebug pfmerge pfselftest"},
    Absent{"bits of strings", "bitcount bitfield bitfield_ro bitop bitpos getbit setbit"},
    Absent{"channels",
           "psubscribe publish pubsub punsubscribe spublish ssubscribe subscribe "
           "sunsubscribe unsubscribe"},
    Absent{"clusters", "asking"},
    Absent{"dumps", "dump migrate restore restore-asking"},
    Absent{"geographic sets",
           "geoadd geodist geohash geopos georadius georadius_ro georadiusbymember "
           "georadiusbymember_ro geosearch geosearchstore"},
    Absent{"hashes",
           "hdel hexists hexpire hexpireat hexpiretime hget hgetall hgetdel hgetex hincrby "
           "hincrbyfloat hkeys hlen hmget hmset hpersist hpexpire hpexpireat hpexpiretime "
           "hpttl hrandfield hscan hset hsetex hsetnx hstrlen httl hvals"},
    Absent{"lists",
           "blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos "
           "lpush lpushx lrange lrem lset ltrim rpop rpoplpush rpush rpushx"},
    Absent{"replication", "failover psync replicaof slaveof sync"},
    Absent{"scripts", "eval eval_ro evalsha evalsha_ro fcall fcall_ro"},
    Absent{"sets",
           "sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers "
           "smismember smove spop srandmember srem sscan sunion sunionstore"},
    Absent{"sorted sets",
           "bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter "
           "zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin zrandmember "
           "zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex "
           "zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore "
           "zrevrank zscan zscore zunion zunionstore"},
    Absent{"sorting", "sort sort_ro"},
    Absent{"streams",
           "xack xackdel xadd xautoclaim xclaim xdel xdelex xgroup xinfo xlen xpending "
           "xrange xread xreadgroup xrevrange xsetid xtrim"},
};

std::vector<CommandSpec> make_rows() {
  std::vector<CommandSpec> rows;
  for (const Absent& absent : all) {
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
  static const std::vector<CommandSpec> rows = make_rows();
  return rows;
}

}  // namespace larder::session
