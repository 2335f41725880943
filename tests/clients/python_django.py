"""django-redis lives its common life in a Django project. Usage: python_django.py HOST PORT"""

import sys
import threading
import time

import django
import django_redis
from django.conf import settings
from django.core.cache import cache, caches
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.cache import cache_page
from redis.exceptions import ResponseError

from life import EVERY_BYTE, checks, equal, introduce, raises, restart, until

host, port = sys.argv[1:]


def kept(database, options=None, **more):
    return {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"redis://{host}:{port}/{database}",
            "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient", **(options or {})}, **more}


settings.configure(
    ALLOWED_HOSTS=["testserver"],
    CACHES={
        "default": kept(0),
        "prefixed": kept(0, KEY_PREFIX="shop*", VERSION=7, TIMEOUT=50),
        "json": kept(1, {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"}),
        "packed": kept(1, {"COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor"}, KEY_PREFIX="packed"),
        "few": kept(3, {"CONNECTION_POOL_CLASS": "redis.connection.BlockingConnectionPool",
                        "CONNECTION_POOL_KWARGS": {"max_connections": 3, "timeout": 20}}),
        "sessions": kept(2),
    },
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="secret",
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_CACHE_ALIAS="sessions",
    USE_TZ=True,
)
django.setup()

from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402 it asks for the settings

introduce(f"django-redis {django_redis.__version__}", f"RESP2, Django {django.__version__}")

rendered = []


def visits(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


@cache_page(100)
def page(request):
    rendered.append(request.path)
    return HttpResponse("päckchen " * 1000)


urlpatterns = [path("visits", visits), path("page", page)]

server = django_redis.get_redis_connection("default")
check = checks(server.flushall)


@check("set, get, add, delete")
def _():
    for value in [{"ü": [1, 2.5, None]}, "päckchen", EVERY_BYTE, "", 7, -1, 2**63, True, "x" * 1_000_000]:
        equal(cache.set("k", value), True)
        assert cache.get("k") == value, cache.get("k")
    equal(cache.set("none", None), True)
    equal(cache.get("none", "default"), None)
    equal(cache.get("absent"), None)
    equal(cache.get("absent", "default"), "default")
    equal(cache.add("k", 1), False)
    equal(cache.add("new", 1), True)
    equal(cache.set("k", 2, nx=True), False)
    equal(cache.get_or_set("made", lambda: 7), 7)
    equal(cache.get_or_set("made", lambda: 8), 7)
    assert "made" in cache and "absent" not in cache
    equal(cache.delete("made"), True)
    equal(cache.delete("made"), False)


@check("timeouts")
def _():
    cache.set("k", 1)
    equal(cache.ttl("k"), 300)  # Django's own default
    cache.set("k", 1, timeout=100)
    equal(cache.ttl("k"), 100)
    equal(cache.persist("k"), True)
    equal(cache.ttl("k"), None)
    equal(cache.touch("k", 50), True)
    equal(cache.ttl("k"), 50)
    equal(cache.touch("absent", 50), False)
    equal(cache.expire("k", 60), True)
    equal(cache.pexpire("k", 70_000), True)
    assert 60_000 < cache.pttl("k") <= 70_000
    equal(cache.expire_at("k", int(time.time()) + 1000), True)
    assert 990 <= cache.ttl("k") <= 1000
    equal(cache.touch("k", None), True)
    equal(cache.ttl("k"), None)
    equal(cache.ttl("absent"), 0)
    cache.set("forever", 1, timeout=None)
    equal(cache.ttl("forever"), None)
    cache.set("k", 1, timeout=0)
    equal(cache.get("k"), None)
    cache.set("brief", 1, timeout=0.01)
    until(lambda: cache.get("brief") is None)


@check("many at once")
def _():
    cache.set_many({f"k{at}": at for at in range(1000)}, timeout=100)
    equal(cache.get_many(["k3", "absent", "k999"]), {"k3": 3, "k999": 999})
    equal(cache.ttl("k3"), 100)
    equal(cache.delete_many(["k3", "absent"]), 1)
    equal(server.dbsize(), 999)
    cache.clear()
    equal(server.dbsize(), 0)


# It asks for a script; where there is none, it reads and sets, and the value keeps its time.
@check("numbers")
def _():
    cache.set("n", 5, timeout=100)
    equal(cache.incr("n"), 6)
    equal(cache.incr("n", 4), 10)
    equal(cache.decr("n"), 9)
    equal(cache.get("n"), 9)
    assert 99 <= cache.ttl("n") <= 100, cache.ttl("n")
    with raises((ValueError, TypeError), ""):  # ValueError with a script; without, it adds to None
        cache.incr("absent")
    equal(cache.get("absent"), None)
    cache.set("version", "v")
    equal(cache.incr_version("version"), 2)
    equal(cache.get("version"), None)
    equal(cache.get("version", version=2), "v")


@check("patterns")
def _():
    cache.set_many({f"page:{at}": at for at in range(500)})
    cache.set("user:1", 1)
    equal(set(cache.iter_keys("page:*", itersize=50)), {f"page:{at}" for at in range(500)})
    equal(sorted(cache.keys("page:?9")), [f"page:{tens}9" for tens in range(1, 10)])
    equal(cache.delete_pattern("page:*", itersize=100), 500)
    equal(cache.keys("*"), ["user:1"])


@check("prefixes, versions, databases")
def _():
    prefixed = caches["prefixed"]
    cache.set("k", "plain")
    prefixed.set("k", "with")
    equal(sorted(server.keys()), [b":1:k", b"shop*:7:k"])
    equal(cache.get("k"), "plain")
    equal(prefixed.get("k"), "with")
    equal(prefixed.ttl("k"), 50)
    server.set("shopping:7:k", "not its own")
    equal(prefixed.keys("*"), ["k"])  # the star in its prefix is no pattern
    equal(prefixed.delete_pattern("*"), 1)
    equal(cache.get("k"), "plain")

    caches["json"].set("k", "elsewhere")
    equal(cache.get("k"), "plain")
    cache.clear()
    equal(caches["json"].get("k"), "elsewhere")


@check("serializers and compression")
def _():
    caches["json"].set("k", {"ü": [1, None]})
    equal(caches["json"].get("k"), {"ü": [1, None]})
    equal(django_redis.get_redis_connection("json").get(":1:k"), b'{"\\u00fc": [1, null]}')
    large = "päckchen" * 10_000
    caches["packed"].set("k", large)
    assert caches["packed"].get("k") == large
    assert django_redis.get_redis_connection("packed").strlen("packed:1:k") < 1000


@check("pool")
def _():
    # One pool for one URL, whatever names it.
    few = django_redis.get_redis_connection("few")
    start, users, wrong = threading.Barrier(8), set(), []

    def work(number):
        start.wait()
        for at in range(30):
            key = f"{number}:{at}"
            caches["few"].set(key, at)  # each thread has its own cache, all have one pool
            if caches["few"].get(key) != at:
                wrong.append(key)
            few.incr("n")
            users.add(few.client_id())

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(wrong, [])
    equal(few.get("n"), b"240")
    assert 1 < len(users) <= 3, users


# Letting go asks for a script, which is refused: the lock stays until its time is over.
@check("locks")
def _():
    lock = cache.lock("k", timeout=100)
    equal(lock.acquire(blocking=False), True)
    equal(cache.lock("k", timeout=100).acquire(blocking=False), False)
    assert 99 <= server.ttl(":1:k") <= 100
    with raises(ResponseError, "^unknown command 'evalsha'"):
        lock.release()
    server.delete(":1:k")
    equal(cache.lock("k", timeout=100).acquire(blocking=False), True)


@check("sessions")
def _():
    session = SessionStore()
    session["user"] = "päckchen"
    session.set_expiry(100)
    session.save()
    equal(SessionStore(session.session_key)["user"], "päckchen")
    equal(SessionStore().exists(session.session_key), True)
    equal(caches["sessions"].ttl("django.contrib.sessions.cache" + session.session_key), 100)
    old = session.session_key
    session.cycle_key()
    equal(SessionStore(session.session_key)["user"], "päckchen")
    equal(SessionStore().exists(old), False)
    session.flush()
    equal(django_redis.get_redis_connection("sessions").dbsize(), 0)


@check("views")
def _():
    one, two = Client(), Client()
    equal([one.get("/visits").content for _ in range(3)] + [two.get("/visits").content], [b"1", b"2", b"3", b"1"])
    caches["sessions"].clear()
    equal(one.get("/visits").content, b"1")

    first, again = one.get("/page"), one.get("/page")
    equal(first.content.decode(), "päckchen " * 1000)
    assert again.content == first.content
    equal(rendered, ["/page"])
    assert "max-age=100" in again["Cache-Control"]
    cache.clear()
    one.get("/page")
    equal(rendered, ["/page", "/page"])


@check("reconnect")
def _():
    visitor = Client()
    cache.set("k", "before")
    equal(visitor.get("/visits").content, b"1")
    restart()
    equal(cache.get("k"), None)
    equal(cache.set("k", "after"), True)
    equal(cache.get("k"), "after")
    equal([visitor.get("/visits").content for _ in range(2)], [b"1", b"2"])
