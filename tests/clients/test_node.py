"""redis, ioredis, connect-redis and @keyv/redis from npm, in RESP2 and RESP3 where they have both."""

import pathlib
import shutil
import subprocess

import pytest

from living import live

HERE = pathlib.Path(__file__).resolve().parent
NODE = shutil.which("node") or "node"  # script/setup installs it
MAJOR = int(subprocess.check_output([NODE, "--version"], text=True).lstrip("v").split(".")[0])

# Majors 6 want node 20.
SIX = pytest.mark.skipif(MAJOR < 20, reason=f"node {MAJOR}: majors 6 want node 20")


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("package", ["redis", pytest.param("redis6", marks=SIX)])
def test_node_redis(cache, package, version):
    live(cache, [NODE, HERE / "node_redis.mjs", package, version])


@pytest.mark.parametrize("package, version", [
    ("ioredis", "2"),  # it has no other
    pytest.param("ioredis6", "2", marks=SIX),
    pytest.param("ioredis6", "3", marks=SIX),
])
def test_ioredis(cache, package, version):
    live(cache, [NODE, HERE / "node_ioredis.mjs", package, version])


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("package", ["redis", pytest.param("redis6", marks=SIX)])
def test_connect_redis(cache, package, version):
    checks = ["set, get, touch, destroy", "all, ids, length, clear", "expiry", "in front of a web server", "reconnect"]
    live(cache, [NODE, HERE / "node_connect_redis.mjs", package, version], checks)


@pytest.mark.parametrize("version", ["2", "3"])
def test_keyv(cache, version):
    live(cache, [NODE, HERE / "node_keyv.mjs", version], ["set, get, has, delete", "ttl", "namespaces", "many at once", "reconnect"])
