"""CONFIG SET maxmemory on a full server: the limit is shown at once, memory follows, and nobody waits for it.

Method: fill a server, lower its limit, and go on with requests on another connection until INFO says that the memory used is below
it; every value that is still there is right. Nothing sleeps: INFO is asked until it is true.
"""

import json
import re
import time
import urllib.request

import pytest

MIB = 1 << 20
VALUE_SIZE = 1000
ITEM_COUNT = 120_000  # more than 100 MiB hold
PATIENCE_S = 60


def key_of(number):
    return b"key:%07d" % number


def value_of(number):
    return b"%07d" % number + b"%c" % (97 + number % 26) * (VALUE_SIZE - 7)


class Client:
    def __init__(self, server):
        self.peer = server.peer("resp")

    def ask(self, line):
        self.peer.send(line + b"\r\n")
        return self.peer.read_line()

    def bulk(self, line):
        size = int(self.ask(line)[1:])
        return None if size < 0 else self.peer.read(size + 2)[:-2]

    def memory(self):
        """The fields of INFO memory that are numbers."""
        text = self.bulk(b"INFO memory").decode()
        return {name: int(value) for name, value in re.findall(r"^(\w+):(\d+)\r$", text, re.MULTILINE)}

    def fill(self, first=0, last=ITEM_COUNT):
        for start in range(first, last, 1000):
            numbers = range(start, min(start + 1000, last))
            self.peer.send(b"".join(b"SET %s %s\r\n" % (key_of(number), value_of(number)) for number in numbers))
            self.peer.ask(b"", b"+OK\r\n" * len(numbers))

    def count_right_values(self):
        count = 0
        for number in range(0, ITEM_COUNT, 10):
            value = self.bulk(b"GET " + key_of(number))
            assert value in (None, value_of(number))
            count += value is not None
        return count


@pytest.mark.parametrize("backend", ["segment", "lru", "ordered"])
def test_a_full_server_takes_a_lower_limit_and_a_higher_one(start_server, backend):
    server = start_server("--memory", "100mb", "--backend", backend)
    client = Client(server)
    client.fill()
    full = client.memory()
    assert full["used_memory"] > 80 * MIB
    assert client.ask(b"CONFIG SET maxmemory 20mb") == b"+OK"
    assert client.memory()["maxmemory"] == 20 * MIB
    with urllib.request.urlopen(f"{server.address('http')}/v1/stats", timeout=20) as reply:
        assert json.load(reply)["memory_limit"] == 20 * MIB

    deadline = time.monotonic() + PATIENCE_S
    longest = 0.0
    while (memory := client.memory())["used_memory"] > 20 * MIB:
        assert time.monotonic() < deadline, memory
        began = time.monotonic()
        assert client.ask(b"SET a b") == b"+OK"
        longest = max(longest, time.monotonic() - began)
    assert longest < 1.0
    if backend == "segment":
        assert server.resident_size() < full["used_memory_rss"] - 60 * MIB, "malloc keeps what others evict"
    assert client.count_right_values() > 500
    client.fill()
    assert client.memory()["used_memory"] <= 20 * MIB

    assert client.ask(b"CONFIG SET maxmemory 200mb") == b"+OK"
    client.fill()
    assert client.memory()["used_memory"] > ITEM_COUNT * VALUE_SIZE
    assert client.count_right_values() == ITEM_COUNT // 10
    assert client.bulk(b"GET key:0000007") == value_of(7)


def test_a_limit_that_cannot_work_is_refused(server):
    client = Client(server)
    assert client.ask(b"CONFIG SET maxmemory 0").endswith(b" - argument must not be 0: a cache always has a limit")
    assert b" - the smallest limit that this cache can work with is " in client.ask(b"CONFIG SET maxmemory 1")
    assert b" - the cache has addresses for 1073741824 bytes; " in client.ask(b"CONFIG SET maxmemory 2gb")
    assert client.memory()["maxmemory"] == 256 * MIB
