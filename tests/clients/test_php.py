"""php-redis from Debian. 5.3 speaks RESP2 only."""

import pathlib

from living import LIFE, live

HERE = pathlib.Path(__file__).resolve().parent


def test_php_redis(cache):
    live(cache, ["/usr/bin/php", HERE / "php_redis.php"], [*LIFE, "prefix and serializer", "sessions"])
