"""redis-py and django-redis from Debian. redis-py 4.3 speaks RESP2 only."""

import pathlib

from living import live

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's, which its packages are for


def test_redis_py(cache):
    live(cache, [PYTHON, HERE / "python_redis.py"])


def test_django_redis(cache):
    checks = ["set, get, add, delete", "timeouts", "many at once", "numbers", "patterns", "prefixes, versions, databases",
              "serializers and compression", "pool", "locks", "sessions", "views", "reconnect"]
    live(cache, [PYTHON, HERE / "python_django.py"], checks)
