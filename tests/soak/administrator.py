"""Who looks after the server meanwhile: asks for lists and figures, moves the memory limit, pauses clients, empties the cache.

A process of its own, started by stand.py with the same file as the clients' processes (worker.py). What it asks must be answered;
what it does may cost others a hit or time, never a right value. SIGTERM ends it.
"""

import contextlib
import json
import random
import signal
import sys
import threading
import time

import keyspace
from connect import Garbled, Lost, Stream
from oracle import Violation
from resp_client import RespClient
from settings import DUTIES, Settings, duty_counter
from text_clients import authorization, read_response

MEMORY = (48 << 20, 64 << 20)
PAUSE_MS_MAX = 300

# For so long after it is asked for, a pause may be on: the server may be busy first.
PAUSE_NS_KNOWN = 2_000_000_000


class Wrong(Exception):
    """An answer that must not be; says which."""


def _expect(what, is_right):
    if not is_right:
        raise Wrong(str(what)[:300])


class Administrator:
    """Threads: one. Each duty is a method that takes a RESP client; errors: Wrong, and the client's."""

    def __init__(self, settings, table, rng: random.Random, is_over):
        self._settings, self._table, self._is_over = settings, table, is_over
        self._rng, self._routes = rng, {route.protocol: route for route in settings.administrator_routes}
        self._names = {keyspace.name(key) for key in range(settings.driver_count * keyspace.KEYS_EACH)}

    def move_limit(self, client):
        _expect(reply := client.command(b"CONFIG", b"SET", b"maxmemory", b"%d" % self._rng.randint(*MEMORY)), reply == b"OK")

    def look_at_keys(self, client):
        cursor = b"0"
        while True:
            cursor, names = client.command(b"SCAN", cursor, b"COUNT", b"200")
            self._expect_names(names)
            if cursor == b"0":
                break
        self._expect_names(client.command(b"KEYS", b"*%d" % self._rng.randrange(10)))
        _expect(count := client.command(b"DBSIZE"), isinstance(count, int) and 0 <= count <= len(self._names))

    def _expect_names(self, names):
        _expect(names, isinstance(names, list))
        _expect(strange := set(names) - self._names, not strange)

    def look_at_server(self, client):
        for words in ((b"INFO", b"everything"), (b"CLIENT", b"LIST"), (b"MEMORY", b"STATS"), (b"SLOWLOG", b"GET")):
            _expect(reply := client.command(*words), isinstance(reply, (bytes, list)) and reply != b"")
        with contextlib.closing(Stream(self._routes["http"])) as stream:
            stream.send(f"GET /v1/stats HTTP/1.1\r\nHost: soak\r\n{authorization(self._routes['http'])}\r\n".encode())
            status, body = read_response(stream)
            _expect(body, status == 200 and json.loads(body))

    def monitor(self, client):
        _expect(reply := client.command(b"MONITOR"), reply == b"OK")
        for _ in range(self._rng.randrange(300)):
            if self._is_over():
                break
            _expect(line := client.read_reply(), isinstance(line, bytes) and b" [" in line)

    def pause(self, client):
        kind, pause_ms = self._rng.choice((b"WRITE", b"ALL")), self._rng.randrange(1, PAUSE_MS_MAX)
        self._table.raise_to(self._settings.pause_counter, time.monotonic_ns() + PAUSE_NS_KNOWN)
        _expect(reply := client.command(b"CLIENT", b"PAUSE", b"%d" % pause_ms, kind), reply == b"OK")

    def empty(self, client):
        _expect(reply := client.command(self._rng.choice((b"FLUSHALL", b"FLUSHDB"))), reply == b"OK")

    def act(self, name):
        with contextlib.closing(Stream(self._routes["resp"])) as stream:
            client = RespClient(stream, self._rng.choice((2, 3)))
            getattr(self, name)(client)


def main(settings_path):
    settings = Settings.load(settings_path)
    rng = random.Random(f"{settings.seed} {settings.server} administrator")
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    table = settings.open_table()
    administrator = Administrator(settings, table, rng, over.is_set)
    first = rng.sample(list(DUTIES), len(DUTIES))  # each of them once, however short the run
    while not over.wait(rng.uniform(0.05, 1.5)):
        duty = first.pop() if first else rng.choices(list(DUTIES), list(DUTIES.values()))[0]
        try:
            administrator.act(duty)
            table.add(duty_counter(duty, settings.driver_count))
        except Lost as why:
            # Who monitors is owed more than most, and the first to go when buffers are short.
            if duty != "monitor":
                settings.report(Violation("dropped", -1, "RESP", f"{duty}: {why}", "an answer"))
        except (Garbled, Wrong, ValueError) as why:
            settings.report(Violation("administrator", -1, "RESP", f"{duty}: {type(why).__name__}: {why}", "an answer"))


if __name__ == "__main__":
    main(*sys.argv[1:])
