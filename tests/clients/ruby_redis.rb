# redis-rb lives its common life. Usage: ruby ruby_redis.rb HOST PORT
require "redis"
require_relative "life"

HOST, PORT = ARGV
OPTIONS = { host: HOST, port: PORT.to_i, timeout: 20, reconnect_attempts: 1 }.freeze # as it has by itself

introduce("redis-rb #{Redis::VERSION}", "RESP2") # this one has no other

def connect(**more) = Redis.new(**OPTIONS, **more)

REDIS = connect(id: "redis-rb")

def part(name, &body)
  check(name) do
    REDIS.flushall
    body.call(REDIS)
  end
end

NOT_A_NUMBER = "ERR value is not an integer or out of range"

part "connect" do |redis|
  equal redis.ping, "PONG"
  equal redis.ping("päckchen"), "päckchen"
  equal redis.echo("hello"), "hello"
  info = fields(redis.call("CLIENT", "INFO"))
  equal info.values_at("name", "resp", "db"), %w[redis-rb 2 0]
  other = Redis.new(url: "redis://#{HOST}:#{PORT}/3")
  equal fields(other.call("CLIENT", "INFO"))["db"], "3"
  equal other.quit, "OK"
end

part "values" do |redis|
  equal redis.set("k", "v"), "OK"
  equal redis.get("k"), "v"
  equal redis.get("absent"), nil
  redis.set("schlüssel 🗝", "wert 💎")
  equal redis.get("schlüssel 🗝"), "wert 💎"
  bytes = (0..255).to_a.pack("C*")
  redis.set(bytes, bytes)
  equal redis.get(bytes).b, bytes
  redis.set("empty", "")
  equal redis.get("empty"), ""
  large = "\r\n$-1" * 200_000
  redis.set("large", large)
  holds redis.get("large") == large
  equal redis.strlen("large"), large.size
  equal redis.del("k"), 1
  equal redis.del("k"), 0

  equal redis.set("k", "1", xx: true), false
  equal redis.set("k", "1", nx: true), true
  equal redis.set("k", "2", nx: true), false
  equal redis.set("k", "3", get: true), "1"
  equal redis.setnx("k", "4"), false
  equal redis.getset("k", "5"), "3"
  equal redis.getdel("k"), "5"
  equal redis.append("k", "Hello"), 5
  equal redis.append("k", " World"), 11
  equal redis.getrange("k", -5, -1), "World"
  equal redis.call("SUBSTR", "k", 0, 4), "Hello"
  equal redis.setrange("k", 6, "there"), 11
  equal redis.get("k"), "Hello there"
end

part "expiry" do |redis|
  redis.set("k", "v", ex: 100)
  equal redis.ttl("k"), 100
  redis.setex("k", 200, "v")
  equal redis.ttl("k"), 200
  redis.psetex("k", 300_000, "v")
  holds redis.pttl("k").between?(290_000, 300_000)
  equal redis.persist("k"), true
  equal redis.ttl("k"), -1
  equal redis.ttl("absent"), -2
  equal redis.expire("k", 100), true
  equal redis.expire("k", 50, gt: true), false
  holds redis.call("EXPIRETIME", "k") > Time.now.to_i + 90
  equal redis.getex("k", persist: true), "v"
  equal redis.ttl("k"), -1
  equal redis.expireat("k", 4_000_000_000), true
  equal redis.call("PEXPIRETIME", "k"), 4_000_000_000_000
  redis.set("keeps", "1", ex: 100)
  redis.set("keeps", "2", keepttl: true)
  equal redis.ttl("keeps"), 100
  equal redis.pexpire("k", 1), true
  until_true { !redis.exists?("k") }
  equal redis.get("k"), nil
end

part "many" do |redis|
  equal redis.mset("a", 1, "b", 2, "ü", 3), "OK"
  equal redis.mget("a", "absent", "ü", "b"), ["1", nil, "3", "2"]
  equal redis.mapped_mget("a", "absent"), { "a" => "1", "absent" => nil }
  equal redis.msetnx("c", 1, "a", 2), false
  equal redis.mapped_msetnx({ "d" => 1 }), true
  equal redis.exists("a", "a", "c"), 2
  equal redis.call("TOUCH", "a", "b", "c"), 2
  equal redis.del("a", "c", "d"), 2
  equal redis.unlink("b", "ü"), 2
  equal redis.dbsize, 0
end

part "numbers" do |redis|
  equal redis.incr("n"), 1
  equal redis.incrby("n", 41), 42
  equal redis.decr("n"), 41
  equal redis.decrby("n", 50), -9
  equal redis.incrbyfloat("f", 10.5), 10.5
  equal redis.incrbyfloat("f", -0.25), 10.25
  redis.set("word", "w")
  fails(Redis::CommandError, NOT_A_NUMBER) { redis.incr("word") }
end

# Debian's has no pool with it: one client for all threads, which take turns, or a client for each.
part "pool" do |redis|
  each = Array.new(4) do
    Thread.new do
      own = connect
      50.times do
        own.incr("n")
        redis.incr("shared")
      end
      own.call("CLIENT", "ID").tap { own.close }
    end
  end
  equal each.map(&:value).uniq.size, 4
  equal redis.mget("n", "shared"), %w[200 200]
end

part "pipeline" do |redis|
  redis.set("word", "w")
  fails(Redis::CommandError, NOT_A_NUMBER) do
    redis.pipelined { |pipe| 1000.times { |at| pipe.incr(at == 500 ? "word" : "n") } }
  end
  equal redis.get("n"), "999"
  answers = redis.pipelined do |pipe|
    pipe.set("k", "v")
    pipe.get("k")
    pipe.get("absent")
  end
  equal answers, ["OK", "v", nil]
  equal redis.pipelined { |pipe| 1000.times { pipe.decr("n") } }, (-1..998).to_a.reverse
end

part "transaction" do |redis|
  answers = redis.multi do |all|
    all.set("k", "1")
    all.incr("k")
    all.get("k")
    all.mget("k", "absent")
  end
  equal answers, ["OK", 2, "2", ["2", nil]]
  other = connect
  changed = redis.watch("k") do
    other.set("k", "9")
    redis.multi { |all| all.set("k", "1") }
  end
  equal changed, nil
  equal redis.get("k"), "9"
  equal redis.watch("k"), "OK"
  equal redis.unwatch, "OK"
  other.set("k", "10")
  equal redis.multi { |all| all.incr("k") }, [11]
  equal redis.watch("k") { redis.multi { |all| all.incr("k") } }, [12]
  equal redis.multi, "OK"
  equal redis.call("SET", "k", "0"), "QUEUED"
  equal redis.discard, "OK"
  equal redis.get("k"), "12"
  fails(Redis::CommandError, /\AERR unknown command 'NOSUCH'/) do
    redis.multi do |all|
      all.set("x", "1")
      all.call("NOSUCH")
    end
  end
  equal redis.exists?("x"), false
  other.close
end

part "scan" do |redis|
  wanted = Array.new(1000) { |at| "page:#{at}" }.sort
  redis.mset(*(wanted + %w[user:1 user:2]).flat_map { |key| [key, "v"] })
  equal redis.scan_each(match: "page:*", count: 100).to_a.uniq.sort, wanted
  equal redis.scan_each(type: "string").to_a.uniq.size, 1002
  equal redis.scan_each(type: "zset", count: 500).to_a, []
  equal redis.keys("user:?").sort, %w[user:1 user:2]
end

part "keys" do |redis|
  redis.set("k", "v")
  equal redis.type("k"), "string"
  equal redis.type("absent"), "none"
  equal redis.rename("k", "l"), "OK"
  fails(Redis::CommandError, "ERR no such key") { redis.rename("k", "l") }
  redis.set("k", "w")
  equal redis.renamenx("k", "l"), false
  equal redis.copy("l", "m"), true
  equal redis.copy("k", "m"), false
  equal redis.copy("k", "m", replace: true), true
  equal redis.mget("k", "l", "m"), %w[w v w]
  holds %w[k l m].include?(redis.randomkey)
  equal redis.dbsize, 3
  equal redis.object("encoding", "k"), "embstr"
  holds redis.call("MEMORY", "USAGE", "k") > 1
end

part "databases" do |redis|
  redis.set("k", "zero")
  begin
    redis.select(1)
    equal redis.get("k"), nil
    redis.mset("k", "one", "moves", "m")
    equal redis.move("moves", 0), true
    redis.flushdb
    equal redis.dbsize, 0
    redis.set("k", "one")
  ensure
    redis.select(0)
  end
  equal redis.mget("k", "moves"), %w[zero m]
  other = connect(db: 1)
  equal other.get("k"), "one"
  equal redis.call("SWAPDB", 0, 1), "OK"
  equal other.get("k"), "zero"
  fails(Redis::CommandError, "ERR DB index is out of range") { other.select(16) }
  other.close
end

part "clients" do |redis|
  other = connect(id: "victim")
  id = other.call("CLIENT", "ID")
  holds id > redis.client(:id)
  equal redis.client(:list).find { |one| one["id"] == id.to_s }["name"], "victim"
  equal redis.client(:setname, "renamed"), "OK"
  equal redis.client(:getname), "renamed"
  equal redis.client(:kill, "ID", id), 1
  equal other.ping, "PONG" # on a new connection, which it makes by itself
  holds other.client(:id) != id
  equal other.client(:getname), "victim"
  other.close
end

part "server" do |redis|
  info = redis.info
  holds((info["redis_version"].split(".").map(&:to_i) <=> [7, 4, 0]) >= 0, info["redis_version"])
  equal info.values_at("loading", "role"), %w[0 master]
  holds info["used_memory"].to_i.positive?
  equal redis.info("server")["tcp_port"], PORT
  holds redis.config(:get, "maxmem*")["maxmemory"].match?(/\A\d+\z/)
  equal redis.config(:set, "timeout", 0), "OK"
  equal redis.config(:get, "timeout"), { "timeout" => "0" }
  equal redis.config(:resetstat), "OK"
  commands = redis.call("COMMAND")
  equal commands.size, redis.call("COMMAND", "COUNT")
  equal %w[get scan watch client] - commands.map(&:first), []
  equal commands.find { |name,| name == "get" }[1], 2
  equal redis.call("COMMAND", "GETKEYS", "MSET", "a", 1, "b", 2), %w[a b]
  seconds, micros = redis.time
  holds((seconds - Time.now.to_i).abs < 60 && micros < 1_000_000)
  redis.config(:set, "slowlog-log-slower-than", 0)
  redis.keys("slow")
  redis.config(:set, "slowlog-log-slower-than", 10_000)
  holds redis.slowlog(:get).map { |entry| entry[3] }.include?(%w[keys slow])
  equal redis.slowlog(:reset), "OK"
  equal redis.call("ROLE").first, "master"
end

# The client takes white space off the end.
part "errors" do |redis|
  fails(Redis::CommandError, "ERR unknown command 'NOSUCH', with args beginning with: 'thing'") do
    redis.call("NOSUCH", "thing")
  end
  fails(Redis::CommandError, "ERR wrong number of arguments for 'get' command") { redis.call("GET") }
  fails(Redis::CommandError, NOT_A_NUMBER) { redis.call("SET", "k", "v", "EX", "never") }
  fails(Redis::CommandError, "ERR syntax error") { redis.call("SET", "k", "v", "BOGUS") }
  fails(Redis::CommandError, "ERR invalid expire time in 'setex' command") { redis.setex("k", 0, "v") }
  fails(Redis::CommandError, /lpush/) { redis.lpush("l", "v") }
  fails(Redis::CommandError, //) { redis.eval("return 1") }
  fails(Redis::CommandError, /\AERR AUTH <password> called without any password configured/) do
    connect(password: "none was set").ping
  end
  fails(Redis::CommandError, /\AWRONGPASS invalid username-password pair/) do
    connect(username: "nobody", password: "none").ping
  end
  equal redis.ping, "PONG"
end

part "reconnect" do |redis|
  redis.set("k", "before")
  restart
  equal redis.get("k"), nil
  equal redis.set("k", "after"), "OK"
  equal redis.multi { |all| all.get("k") }, %w[after]
  equal redis.client(:getname), "redis-rb"
end

REDIS.close
