"""redis-rb from Debian. 4.8 speaks RESP2 only."""

import pathlib

from living import live

HERE = pathlib.Path(__file__).resolve().parent


def test_redis_rb(cache):
    live(cache, ["/usr/bin/ruby", HERE / "ruby_redis.rb"])
