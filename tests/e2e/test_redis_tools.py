"""Redis' own tools against a running server. Method: what redis-cli prints is compared; redis-benchmark must finish cleanly,
and what it counted be there."""

import json
import re
import subprocess

import pytest


def redis_cli(server, *arguments, stdin=None, status=0, stderr=""):
    host, port = server.address("resp")
    run = subprocess.run(["redis-cli", "-h", host, "-p", str(port), *arguments], input=stdin, capture_output=True, text=True,
                         timeout=60, check=False)
    assert run.returncode == status, run.stdout + run.stderr
    assert run.stderr == stderr
    return run.stdout


def fill(server, count):
    """key:0 and so on with v0 and so on, by redis-cli's mass insertion."""
    words = [(b"SET", b"key:%d" % at, b"v%d" % at) for at in range(count)]
    commands = b"".join(b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in each) for each in words)
    assert redis_cli(server, "--pipe", stdin=commands.decode()).endswith(f"errors: 0, replies: {count}\n")


SCRIPT = """PING
ECHO hello
SET k v EX 100
GET k
TTL k
SET k w NX
SET k w XX GET
MSET a 1 b 2
MGET a b absent
EXISTS a a absent
INCR n
INCR k
DBSIZE
SELECT 1
GET k
SELECT 0
EXPIRE k 0
GET k
DEL a b n
FLUSHALL
DBSIZE
NOSUCH thing
GET
"""

ANSWERS = """PONG
hello
OK
v
100

v
OK
1
2

2
1
ERR value is not an integer or out of range

4
OK

OK
1

3
OK
0
ERR unknown command 'NOSUCH', with args beginning with: 'thing' 

ERR wrong number of arguments for 'get' command

"""


@pytest.mark.parametrize("version", ["-2", "-3"])
def test_redis_cli_reads_every_answer(start_server, version):
    server = start_server()
    options = [version] if version == "-3" else []
    assert redis_cli(server, *options, stdin=SCRIPT) == ANSWERS


@pytest.mark.parametrize("version", ["-2", "-3"])
def test_redis_cli_reads_info_and_command(start_server, version):
    server = start_server()
    options = [version] if version == "-3" else []
    info = redis_cli(server, *options, "INFO")
    assert "redis_version:" in info and "loading:0" in info
    assert "get" in redis_cli(server, *options, "COMMAND")


VERSIONS = pytest.mark.parametrize("options", [[], ["-3"]], ids=["2", "3"])


@VERSIONS
def test_redis_cli_inserts_a_mass_and_scans_it(start_server, options):
    server = start_server()
    fill(server, 5000)
    assert redis_cli(server, *options, "DBSIZE") == "5000\n"
    assert redis_cli(server, *options, "MGET", "key:0", "key:4999", "key:5000") == "v0\nv4999\n\n"

    every = redis_cli(server, *options, "--scan").splitlines()
    assert sorted(set(every)) == sorted(f"key:{at}" for at in range(5000))
    some = redis_cli(server, *options, "--scan", "--pattern", "key:?7").splitlines()
    assert sorted(set(some)) == [f"key:{tens}7" for tens in range(1, 10)]
    assert redis_cli(server, *options, "--scan", "--pattern", "none*") == ""


def test_redis_cli_tells_of_errors_among_a_mass(start_server):
    server = start_server()
    lines = "SET n 1\r\nSET word w\r\n" + "INCR n\r\n" * 1000 + "INCR word\r\n" + "INCR n\r\n" * 1000
    said = redis_cli(server, "--pipe", stdin=lines, status=1, stderr="ERR value is not an integer or out of range\n")
    assert said.endswith("errors: 1, replies: 2003\n")
    assert redis_cli(server, "GET", "n") == "2001\n"


@VERSIONS
def test_redis_cli_finds_the_big_keys(start_server, options):
    server = start_server()
    fill(server, 100)
    redis_cli(server, "SET", "big", "x" * 5000)
    said = redis_cli(server, *options, "--bigkeys")
    assert "Sampled 101 keys in the keyspace!" in said
    assert "Total key length in bytes is 593 (avg len 5.87)" in said
    assert """Biggest string found '"big"' has 5000 bytes""" in said
    assert "101 strings with 5290 bytes (100.00% of keys, avg size 52.38)" in said
    assert """Biggest string found '"big"' has """ in redis_cli(server, *options, "--memkeys")


@VERSIONS
def test_redis_cli_works_in_a_database(start_server, options):
    server = start_server()
    assert redis_cli(server, *options, "-n", "5", "SET", "k", "five") == "OK\n"
    assert redis_cli(server, *options, "-n", "5", "GET", "k") == "five\n"
    assert redis_cli(server, *options, "GET", "k") == "\n"
    assert redis_cli(server, *options, "-u", f"redis://{'%s:%d' % tuple(server.address('resp'))}/5", "GET", "k") == "five\n"
    redis_cli(server, *options, "-n", "16", "GET", "k", stderr="SELECT 16 failed: ERR DB index is out of range\n")


@VERSIONS
def test_redis_cli_takes_an_argument_from_stdin(start_server, options):
    server = start_server()
    value = "two\n\nlines, ünd"
    assert redis_cli(server, *options, "-x", "SET", "k", stdin=value) == "OK\n"
    assert redis_cli(server, *options, "GET", "k") == value + "\n"
    assert redis_cli(server, *options, "-X", "here", "SET", "here", "v", stdin="l") == "OK\n"
    assert redis_cli(server, *options, "GET", "l") == "v\n"


@VERSIONS
def test_redis_cli_prints_for_people_and_programs(start_server, options):
    server = start_server()
    redis_cli(server, "MSET", "a", "1", "b", 'tw"o')
    mget = ["MGET", "a", "absent", "b"]
    assert redis_cli(server, *options, "--no-raw", *mget) == '1) "1"\n2) (nil)\n3) "tw\\"o"\n'
    assert redis_cli(server, *options, "--csv", *mget) == '"1",NULL,"tw\\"o"\n'
    assert json.loads(redis_cli(server, *(options or ["-3"]), "--json", *mget)) == ["1", None, 'tw"o']
    maxmemory = redis_cli(server, *options, "--no-raw", "CONFIG", "GET", "maxmemory")
    shape = r'1# "maxmemory" => "\d+"\n' if options else r'1\) "maxmemory"\n2\) "\d+"\n'
    assert re.fullmatch(shape, maxmemory)
    assert redis_cli(server, *options, "-r", "3", "INCR", "n") == "1\n2\n3\n"
    redis_cli(server, *options, "-e", "GET", status=1, stderr="ERR wrong number of arguments for 'get' command\n")


def test_redis_cli_has_help_from_the_server(start_server):
    server = start_server()
    docs = json.loads(redis_cli(server, "-3", "--json", "COMMAND", "DOCS", "get", "msetex", "nosuch"))
    assert sorted(docs) == ["get", "msetex"]
    assert docs["get"]["summary"] == "Returns the string value of a key."
    assert docs["get"]["since"] == "1.0.0"
    assert docs["get"]["group"] == "string"
    every = json.loads(redis_cli(server, "-3", "--json", "COMMAND", "DOCS"))
    assert sorted(every) == sorted(name for name in redis_cli(server, "COMMAND", "LIST").split() if "|" not in name)

    # A session asks for them when it begins; MSETEX is younger than Debian's redis-cli.
    def said_of(*topics):
        return re.sub(r"\x1b\[\d*m", "", redis_cli(server, stdin="".join(f"HELP {topic}\n" for topic in topics)))

    assert said_of("get").strip() == (
        "GET key\n  summary: Returns the string value of a key.\n  since: 1.0.0\n  group: string")
    said = said_of("msetex", "@string")
    assert f"summary: {docs['msetex']['summary']}" in said
    assert re.search(r"^ *GET key\n *summary: Returns the string value of a key\.$", said, flags=re.MULTILINE)
    for line in ("MSETEX numkeys key value [key value ...] [NX|XX] [EX seconds|PX milliseconds|EXAT unix-time-seconds|"
                 "PXAT unix-time-milliseconds|KEEPTTL]",
                 "CLIENT TRACKING ON|OFF [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] "
                 "[OPTOUT] [NOLOOP]",
                 "HELLO [protover [AUTH username password] [SETNAME clientname]]",
                 "TIME"):
        command = " ".join(re.findall(r"^[A-Z]+(?: TRACKING)?", line))
        assert said_of(command).strip().split("\n")[0].strip() == line


def redis_benchmark(server, *options):
    host, port = server.address("resp")
    run = subprocess.run(["redis-benchmark", "-h", host, "-p", str(port), "-n", "20000", *options],
                         capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "rror" not in run.stdout + run.stderr.replace("WARNING", ""), run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("options", ["-P 1", "-P 16", "-P 16 --threads 2", "-P 16 --threads 2 -3"])
def test_redis_benchmark_finishes(start_server, options):
    server = start_server()
    said = redis_benchmark(server, "-t", "ping,set,get,incr,mset", "-q", *options.split())
    summary = r"^([A-Z_]+)(?: \(10 keys\))?: [\d.]+ requests per second"
    found = re.findall(summary, said.replace("\r", "\n"), flags=re.MULTILINE)
    assert found == ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET"]
    assert redis_cli(server, "MGET", "counter:__rand_int__", "key:__rand_int__") == "20000\nVXK\n"


def test_redis_benchmark_reaches_every_key(start_server):
    server = start_server()
    said = redis_benchmark(server, "-t", "set,incr", "-r", "100", "-d", "10", "-P", "16", "--csv")
    assert [line.split(",")[0] for line in said.splitlines()] == ['"test"', '"SET"', '"INCR"']
    counters = [f"counter:{at:012}" for at in range(100)]
    assert sum(map(int, redis_cli(server, "MGET", *counters).split())) == 20000
    assert redis_cli(server, "DBSIZE") == "200\n"
    assert redis_cli(server, "STRLEN", "key:000000000099") == "10\n"
