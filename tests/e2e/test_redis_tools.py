"""Redis' own tools against a running server. Method: what redis-cli prints is compared; redis-benchmark must finish cleanly."""

import subprocess

import pytest


def redis_cli(server, *arguments, stdin=None):
    host, port = server.address("resp")
    run = subprocess.run(["redis-cli", "-h", host, "-p", str(port), *arguments], input=stdin, capture_output=True, text=True,
                         timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout


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


@pytest.mark.parametrize("pipeline", ["1", "16"])
def test_redis_benchmark_finishes(start_server, pipeline):
    server = start_server()
    host, port = server.address("resp")
    run = subprocess.run(
        ["redis-benchmark", "-h", host, "-p", str(port), "-t", "ping,set,get,incr,mset", "-n", "20000", "-P", pipeline, "-q"],
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "rror" not in run.stdout + run.stderr.replace("WARNING", ""), run.stdout + run.stderr
    for name in ("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET"):
        assert f"{name}" in run.stdout and "requests per second" in run.stdout
