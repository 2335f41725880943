"""A server of a few commands that tells the truth, or now and then one kind of lie: what the soak test must notice.

It speaks RESP over TCP, a thread a connection, one command at a time. LIES names what it can be asked to do.
"""

import random
import socket
import threading
import time

import values

# What it does, and as what that is to be found.
LIES = {
    "another key's value": {"wrong key"},
    "half of another version": {"torn"},
    "the version before": {"stale"},
    "a version that nobody sent": {"future"},
    "what was deleted": {"stale"},
    "what has expired": {"expired"},
    "half of an MSET": {"half a step", "stale"},  # whichever half is looked at first
    "EXEC in spite of WATCH": {"lost update"},
    "an increment twice": {"counter", "future"},
    "an APPEND left out": {"stale", "torn"},
    "a SETRANGE of which the end is missing": {"torn"},
    "an error": {"refused"},
    "an end in the middle": {"dropped"},
    "a bulk without its end": {"garbled"},
}
ONE_IN = 20


class Closed(Exception):
    """The connection is to end here."""


class _Server:
    """What lies under the keys, and what it was before."""

    def __init__(self, lie, seed):
        self.lie, self.rng = lie, random.Random(seed)
        self.items, self.before, self.changes = {}, {}, {}
        self.lock = threading.Lock()

    def lies(self, name):
        return self.lie == name and self.rng.random() < 1 / ONE_IN

    def peek(self, key):
        data, deadline = self.items.get(key, (None, None))
        if deadline is not None and deadline <= time.time():
            return data if self.lie == "what has expired" else None
        return data

    def store(self, key, data, deadline=None):
        self.changes[key] = self.changes.get(key, 0) + 1
        if key in self.items:
            self.before[key] = self.items[key][0]
        self.items[key] = (data, deadline)

    def get(self, key):
        data, old = self.peek(key), self.before.get(key)
        if data is None:
            return None
        if old is not None and self.lies("the version before"):
            return old
        if old is not None and len(old) > 60 and self.lies("half of another version"):
            return old[: len(old) // 2] + data[len(old) // 2 :]
        if self.lies("another key's value"):
            return next(other for _, (other, _) in self.items.items() if other.startswith(b"<") and other != data)
        if data.startswith(b"<") and self.lies("a version that nobody sent"):
            number = int(key.split(b":")[1])
            return values.record(number, values.read_records(number, data).version + 1000, 10)
        return data

    def answer(self, words, watched):
        """The reply to one command, encoded."""
        name, key, *rest = [words[0].upper(), *words[1:], b"", b""][: max(2, len(words))]
        if self.lies("an error"):
            return b"-ERR no\r\n"
        if self.lies("an end in the middle"):
            raise Closed
        if name == b"HELLO":
            return b"*0\r\n"
        if name == b"WATCH":
            watched[key] = self.changes.get(key, 0)
            return b"+OK\r\n"
        if name == b"GET":
            return self.bulk(self.get(key))
        if name == b"MGET":
            return b"*%d\r\n" % len(words[1:]) + b"".join(self.bulk(self.get(key)) for key in words[1:])
        if name == b"MSET":
            pairs = list(zip(words[1::2], words[2::2], strict=True))
            for key, data in pairs[: 1 if self.lies("half of an MSET") else None]:
                self.store(key, data)
            return b"+OK\r\n"
        if name == b"DEL":
            for key in words[1:]:
                if not self.lies("what was deleted"):
                    self.changes[key] = self.changes.get(key, 0) + 1
                    self.items.pop(key, None)
            return b":1\r\n"
        return self.change(name, key, rest)

    def change(self, name, key, rest):
        old = self.peek(key)
        deadline = self.items[key][1] if old is not None else None
        if name == b"GETDEL":
            shown = self.answer([b"GET", key], {})
            self.answer([b"DEL", key], {})
            return shown
        if name == b"SET" and rest[1:] == [b"GET"]:
            shown = self.answer([b"GET", key], {})
            self.store(key, rest[0])
            return shown
        if name == b"SET":
            ms = int(rest[2]) if len(rest) > 2 else None
            self.store(key, rest[0], None if ms is None else ms / 1000 + (time.time() if rest[1] == b"PX" else 0))
            return b"+OK\r\n"
        if name == b"PEXPIRE":
            if old is not None:
                self.items[key] = (old, time.time() + int(rest[0]) / 1000)
            return b":1\r\n"
        if name == b"INCRBY":
            times = 2 if self.lies("an increment twice") else 1
            self.store(key, b"%d" % (int(old or 0) + times * int(rest[0])), deadline)
            return b":%b\r\n" % self.items[key][0]
        if name == b"APPEND":
            data = (old or b"") + rest[0]
            if not self.lies("an APPEND left out"):
                self.store(key, data, deadline)
            return b":%d\r\n" % len(data)
        if name == b"SETRANGE":
            at, part = int(rest[0]), rest[1]
            if self.lies("a SETRANGE of which the end is missing"):
                part = part[: len(part) // 2]
            old = (old or b"").ljust(at, b"\0")
            self.store(key, old[:at] + part + old[at + len(part) :], deadline)
            return b":%d\r\n" % len(self.items[key][0])
        return b"-ERR unknown command\r\n"

    def bulk(self, data):
        if data is None:
            return b"$-1\r\n"
        return b"$%d\r\n%b" % (len(data), data) + (b"!!" if self.lies("a bulk without its end") else b"\r\n")


def _read_words(file):
    """The next command; none at the end."""
    head = file.readline()
    if not head.endswith(b"\r\n"):
        return []
    return [file.read(int(file.readline()[1:]) + 2)[:-2] for _ in range(int(head[1:]))]


class _Connection:
    """A peer's connection, with its transaction."""

    def __init__(self, server, connection):
        self._server, self._connection = server, connection
        self._watched, self._queued = {}, None

    def run(self):
        try:
            with self._connection, self._connection.makefile("rb") as file:
                while words := _read_words(file):
                    with self._server.lock:
                        reply = self._reply(words)
                    self._connection.sendall(reply)
        except (Closed, OSError, ValueError):
            pass  # the peer is gone, in the middle of a command perhaps

    def _reply(self, words):
        if words == [b"MULTI"]:
            self._queued = []
            return b"+OK\r\n"
        if words == [b"EXEC"]:
            queued, self._queued = self._queued, None
            watched, self._watched = self._watched, {}
            is_changed = any(self._server.changes.get(key, 0) != count for key, count in watched.items())
            if is_changed and self._server.lie != "EXEC in spite of WATCH":
                return b"*-1\r\n"
            return b"*%d\r\n" % len(queued) + b"".join(self._server.answer(command, {}) for command in queued)
        if self._queued is not None:
            self._queued.append(words)
            return b"+QUEUED\r\n"
        return self._server.answer(words, self._watched)


class Liar:
    """The server, listening at `address` while the block lasts. `lie`: one of LIES, or empty."""

    def __init__(self, lie, seed):
        self._server = _Server(lie, seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        try:
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_Connection(self._server, connection).run, daemon=True).start()
        except OSError:
            pass  # the block is over
