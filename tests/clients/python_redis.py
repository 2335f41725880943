"""redis-py lives its common life. Usage: python_redis.py HOST PORT"""

import datetime
import re
import sys
import threading
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from life import EVERY_BYTE, checks, equal, introduce, raises, restart, until

host, port = sys.argv[1], int(sys.argv[2])
# It tries again once when a connection turns out to be lost; so do most who use it.
options = {"host": host, "port": port, "socket_timeout": 20, "retry": Retry(NoBackoff(), 1),
           "retry_on_error": [redis.ConnectionError]}

introduce(f"redis-py {redis.__version__}", "RESP2")  # this one has no other


def connect(**more):
    return redis.Redis(**{**options, "decode_responses": True, **more})


client = connect(client_name="redis-py")
raw = connect(decode_responses=False)
check = checks(client.flushall)


@check("connect")
def _():
    assert client.ping() is True
    equal(client.echo("päckchen"), "päckchen")
    equal(client.client_info()["name"], "redis-py")
    equal(client.client_info()["resp"], "2")
    with redis.Redis.from_url(f"redis://{host}:{port}/3?decode_responses=1") as other:
        equal(other.client_info()["db"], 3)


@check("values")
def _():
    assert client.set("k", "v") is True
    equal(client.get("k"), "v")
    equal(client.get("absent"), None)
    client.set("schlüssel 🗝", "wert 💎")
    equal(client.get("schlüssel 🗝"), "wert 💎")
    raw.set(EVERY_BYTE, EVERY_BYTE)
    equal(raw.get(EVERY_BYTE), EVERY_BYTE)
    client.set("empty", "")
    equal(client.get("empty"), "")
    large = "\r\n$-1" * 200_000
    client.set("large", large)
    assert client.get("large") == large
    equal(client.strlen("large"), len(large))
    equal(client.delete("k"), 1)
    equal(client.delete("k"), 0)

    equal(client.set("k", "1", xx=True), None)
    equal(client.set("k", "1", nx=True), True)
    equal(client.set("k", "2", nx=True), None)
    equal(client.set("k", "3", get=True), "1")
    equal(client.setnx("k", "4"), False)
    equal(client.getset("k", "5"), "3")
    equal(client.getdel("k"), "5")
    equal(client.append("k", "Hello"), 5)
    equal(client.append("k", " World"), 11)
    equal(client.getrange("k", -5, -1), "World")
    equal(client.substr("k", 0, 4), "Hello")
    equal(client.setrange("k", 6, "there"), 11)
    equal(client.get("k"), "Hello there")
    client["item"] = 2.5
    assert "item" in client
    equal(client["item"], "2.5")
    del client["item"]
    assert "item" not in client
    equal(client.lcs("k", "k", len=True), 11)


@check("expiry")
def _():
    client.set("k", "v", ex=datetime.timedelta(seconds=100))
    equal(client.ttl("k"), 100)
    client.setex("k", 200, "v")
    equal(client.ttl("k"), 200)
    client.psetex("k", 300_000, "v")
    assert 290_000 < client.pttl("k") <= 300_000
    equal(client.persist("k"), True)
    equal(client.ttl("k"), -1)
    equal(client.ttl("absent"), -2)
    equal(client.expire("k", 100), True)
    equal(client.expire("k", 50, gt=True), False)
    assert client.expiretime("k") > time.time() + 90
    equal(client.getex("k", persist=True), "v")
    equal(client.ttl("k"), -1)
    equal(client.expireat("k", datetime.datetime.fromtimestamp(4_000_000_000)), True)
    equal(client.pexpiretime("k"), 4_000_000_000_000)
    equal(client.set("k", "v", pxat=4_000_000_000_001), True)
    equal(client.pexpiretime("k"), 4_000_000_000_001)
    client.set("keeps", "1", ex=100)
    client.set("keeps", "2", keepttl=True)
    equal(client.ttl("keeps"), 100)
    equal(client.pexpire("k", 1), True)
    until(lambda: client.exists("k") == 0)
    equal(client.get("k"), None)


@check("many")
def _():
    equal(client.mset({"a": 1, "b": 2, "ü": 3}), True)
    equal(client.mget("a", "absent", "ü", "b"), ["1", None, "3", "2"])
    equal(client.msetnx({"c": 1, "a": 2}), False)
    equal(client.exists("a", "a", "c"), 2)
    equal(client.touch("a", "b", "c"), 2)
    equal(client.delete("a", "c"), 1)
    equal(client.unlink("b", "ü"), 2)
    equal(client.dbsize(), 0)


@check("numbers")
def _():
    equal(client.incr("n"), 1)
    equal(client.incr("n", 41), 42)
    equal(client.incrby("n", 1), 43)
    equal(client.decr("n", 52), -9)
    equal(client.incrbyfloat("f", 10.5), 10.5)
    equal(client.incrbyfloat("f", -0.25), 10.25)
    client.set("word", "w")
    with raises(redis.ResponseError, "^value is not an integer or out of range$"):
        client.incr("word")


@check("pool")
def _():
    # More threads than connections: some wait for one to come back.
    pool = redis.BlockingConnectionPool(max_connections=3, timeout=20, **options, decode_responses=True)
    shared = redis.Redis(connection_pool=pool)
    start, users = threading.Barrier(8), set()

    def work():
        start.wait()
        for _ in range(50):
            shared.incr("n")
            users.add(shared.client_id())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(shared.get("n"), "400")
    assert 1 < len(users) <= 3, users
    pool.disconnect()
    equal(shared.incr("n"), 401)
    assert shared.client_id() not in users
    pool.disconnect()
    until(lambda: len(client.client_list()) <= 2)  # this client's and the raw one's


@check("pipeline")
def _():
    client.set("word", "w")
    with client.pipeline(transaction=False) as pipe:
        for at in range(1000):
            pipe.incr("word" if at == 500 else "n")
        answers = pipe.execute(raise_on_error=False)
    assert isinstance(answers[500], redis.ResponseError), answers[500]
    equal(answers[:500] + answers[501:], list(range(1, 1000)))
    with raises(redis.ResponseError, r"^Command # 2 \(INCRBY word 1\) of pipeline"):
        client.pipeline(transaction=False).set("k", "v").incr("word").execute()
    equal(client.pipeline(transaction=False).set("k", "v").get("k").get("absent").execute(), [True, "v", None])


@check("transaction")
def _():
    equal(client.pipeline().set("k", 1).incr("k").get("k").mget("k", "absent").execute(), [True, 2, "2", ["2", None]])
    with connect() as other, client.pipeline() as pipe:
        pipe.watch("k")
        equal(pipe.get("k"), "2")  # at once, since it is watching
        other.set("k", 9)
        pipe.multi()
        pipe.set("k", 1)
        with raises(redis.WatchError, "changed"):
            pipe.execute()
        equal(client.get("k"), "9")

        pipe.watch("k")
        pipe.unwatch()
        other.set("k", 10)
        equal(pipe.incr("k").execute(), [11])
    tries = []

    def double(pipe):
        value = int(pipe.get("k"))
        if not tries:
            client.set("k", 20)  # the first try is in vain
        tries.append(value)
        pipe.multi()
        pipe.set("k", 2 * value)

    equal(client.transaction(double, "k"), [True])
    equal(tries, [11, 20])
    equal(client.get("k"), "40")

    with client.client() as one:  # on a connection of its own, word for word
        equal(one.execute_command("MULTI"), "OK")
        equal(one.execute_command("GET", "k"), "QUEUED")
        equal(one.execute_command("DISCARD"), "OK")
    with raises(redis.ResponseError, "unknown command"):
        client.pipeline().set("x", 1).execute_command("NOSUCH").execute()
    equal(client.exists("x"), 0)
    client.set("word", "w")
    answers = client.pipeline().set("x", 1).incr("word").execute(raise_on_error=False)
    equal(answers[0], True)
    equal(str(answers[1]).rpartition(": ")[2], "value is not an integer or out of range")


@check("scan")
def _():
    wanted = {f"page:{at}" for at in range(1000)}
    client.mset({key: "v" for key in wanted | {"user:1", "user:2"}})
    equal(set(client.scan_iter(match="page:*", count=100)), wanted)
    equal(len(set(client.scan_iter(_type="STRING"))), 1002)
    equal(list(client.scan_iter(_type="HASH", count=500)), [])
    equal(sorted(client.keys("user:?")), ["user:1", "user:2"])


@check("keys")
def _():
    client.set("k", "v")
    equal(client.type("k"), "string")
    equal(client.type("absent"), "none")
    equal(client.rename("k", "l"), True)
    with raises(redis.ResponseError, "^no such key$"):
        client.rename("k", "l")
    client.set("k", "w")
    equal(client.renamenx("k", "l"), False)
    equal(client.copy("l", "m"), True)
    equal(client.copy("k", "m"), False)
    equal(client.copy("k", "m", replace=True), True)
    equal(client.mget("k", "l", "m"), ["w", "v", "w"])
    assert client.randomkey() in ["k", "l", "m"]
    equal(client.dbsize(), 3)
    equal(client.object("ENCODING", "k"), "embstr")
    assert client.object("IDLETIME", "k") < 60
    assert client.memory_usage("k") > 1
    equal(client.memory_usage("absent"), None)


@check("databases")
def _():
    client.set("k", "zero")
    with connect(db=1) as one:
        equal(one.get("k"), None)
        one.mset({"k": "one", "moves": "m"})
        equal(one.move("moves", 0), True)
        equal(client.copy("moves", "copied", destination_db=1), True)
        equal(one.get("copied"), "m")
        one.flushdb()
        equal(one.dbsize(), 0)
        equal(client.mget("k", "moves"), ["zero", "m"])
        one.set("k", "one")
        equal(client.info("keyspace")["db1"]["keys"], 1)
        equal(client.swapdb(0, 1), True)
        equal(one.get("k"), "zero")
        equal(client.get("k"), "one")
    with connect(db=16) as none, raises(redis.ResponseError, "^DB index is out of range$"):
        none.ping()


@check("clients")
def _():
    with connect(client_name="victim") as other:
        victim = other.client_id()
        assert victim > client.client_id()
        equal([each["name"] for each in client.client_list(client_id=[str(victim)])], ["victim"])
        equal(client.client_setname("renamed"), True)
        equal(client.client_getname(), "renamed")
        equal(client.client_kill_filter(_id=victim), 1)
        assert other.ping() is True
        assert other.client_id() != victim
        equal(other.client_getname(), "victim")
        equal(client.client_kill_filter(_id=victim), 0)


@check("server")
def _():
    info = client.info()
    assert tuple(map(int, info["redis_version"].split(".")[:2])) >= (7, 4), info["redis_version"]
    equal(info["loading"], 0)
    equal(info["role"], "master")
    assert info["used_memory"] > 0
    assert isinstance(info["mem_fragmentation_ratio"], (int, float)), info["mem_fragmentation_ratio"]
    equal(client.info("server")["tcp_port"], port)
    assert client.config_get("maxmem*")["maxmemory"].isdigit()
    equal(client.config_set("timeout", 0), True)
    equal(client.config_get("timeout"), {"timeout": "0"})
    equal(client.config_resetstat(), True)
    commands = client.command()
    equal(len(commands), client.command_count())
    equal({"get", "scan", "watch", "client"} - set(commands), set())
    equal({name: commands["get"][name] for name in ("arity", "first_key_pos", "last_key_pos", "step_count")},
          {"arity": 2, "first_key_pos": 1, "last_key_pos": 1, "step_count": 1})
    assert "readonly" in commands["get"]["flags"]
    equal(client.command_getkeys("MSET", "a", 1, "b", 2), ["a", "b"])
    assert "get" in client.command_list()
    assert abs(client.time()[0] - time.time()) < 60
    client.config_set("slowlog-log-slower-than", 0)
    client.keys("slow")
    client.config_set("slowlog-log-slower-than", 10_000)
    assert b"KEYS slow" in [each["command"] for each in client.slowlog_get()]
    equal(client.slowlog_reset(), True)
    equal(client.acl_whoami(), "default")
    equal(client.execute_command("ROLE")[0], "master")
    assert client.memory_stats()["keys.count"] == 0
    assert isinstance(client.lastsave(), datetime.datetime)


# The client takes ERR off.
@check("errors")
def _():
    text = "unknown command 'NOSUCH', with args beginning with: 'thing' "
    with raises(redis.ResponseError, f"^{re.escape(text)}$"):
        client.execute_command("NOSUCH", "thing")
    with raises(redis.ResponseError, "^wrong number of arguments for 'get' command$"):
        client.execute_command("GET")
    with raises(redis.ResponseError, "^value is not an integer or out of range$"):
        client.execute_command("SET", "k", "v", "EX", "never")
    with raises(redis.ResponseError, "^syntax error$"):
        client.execute_command("SET", "k", "v", "BOGUS")
    with raises(redis.ResponseError, "^invalid expire time in 'set' command$"):
        client.set("k", "v", ex=-1)
    with raises(redis.ResponseError, ""):
        client.lpush("l", "v")
    with raises(redis.ResponseError, ""):
        client.eval("return 1", 0)
    with raises(redis.ResponseError, "^AUTH <password> called without any password configured"):
        connect(password="none was set").ping()
    with raises(redis.ResponseError, "^WRONGPASS invalid username-password pair"):
        connect(username="nobody", password="none").ping()
    assert client.ping() is True


@check("reconnect")
def _():
    client.set("k", "before")
    # One connection in the pool is not enough to see whether each is found to be lost.
    connections = [client.connection_pool.get_connection("_") for _ in range(3)]
    for connection in connections:
        client.connection_pool.release(connection)
    restart()
    equal(client.get("k"), None)
    equal(client.set("k", "after"), True)
    equal(client.pipeline().get("k").incr("n").execute(), ["after", 1])
    equal(client.client_getname(), "redis-py")


client.close()
raw.close()
