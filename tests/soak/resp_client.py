"""Operations, the vocabulary that clients of all protocols share, and the client that speaks RESP2 or RESP3.

A client sends a batch of operations as one pipeline, and yields the replies one by one: bytes or None for `get`, a list of them for
`mget` and `exec_get`, a number for `append` and `incrby`, True for what is simply done, Refused for an error. Lost ends it. What it
can do, and with which keys, stands at its head.
"""

import time
import typing

from connect import Garbled, Lost, Route, Stream


class Operation(typing.NamedTuple):
    """One request."""

    name: str
    keys: tuple  # names, as they are sent
    values: tuple = ()
    ttl_ms: int = 0  # 0: no deadline
    is_absolute: bool = False  # the deadline is sent as a time of day


class Refused(str):
    """The text of an error that was the reply."""


SHOWS_VALUES = {"get", "mget", "exec_get", "getset", "getdel"}


def encode(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _set(operation):
    words = [b"SET", operation.keys[0], operation.values[0]]
    if operation.is_absolute:
        words += [b"PXAT", b"%d" % (time.time_ns() // 1_000_000 + operation.ttl_ms)]
    elif operation.ttl_ms:
        words += [b"PX", b"%d" % operation.ttl_ms]
    return encode(*words)


def _pairs(operation):
    return [word for pair in zip(operation.keys, operation.values, strict=True) for word in pair]


def _in_transaction(commands):
    return encode(b"MULTI") + b"".join(commands) + encode(b"EXEC")


REQUESTS = {
    "get": lambda o: encode(b"GET", *o.keys),
    "mget": lambda o: encode(b"MGET", *o.keys),
    "exec_get": lambda o: _in_transaction(encode(b"GET", key) for key in o.keys),
    "set": _set,
    "mset": lambda o: encode(b"MSET", *_pairs(o)),
    "exec_set": lambda o: _in_transaction(encode(b"SET", *pair) for pair in zip(o.keys, o.values, strict=True)),
    "delete": lambda o: encode(b"DEL", *o.keys),
    "getset": lambda o: encode(b"SET", o.keys[0], o.values[0], b"GET"),
    "getdel": lambda o: encode(b"GETDEL", *o.keys),
    "append": lambda o: encode(b"APPEND", *o.keys, *o.values),
    "setrange": lambda o: encode(b"SETRANGE", *o.keys, b"0", *o.values),
    "incrby": lambda o: encode(b"INCRBY", *o.keys, *o.values),
    "expire": lambda o: encode(b"PEXPIRE", *o.keys, b"%d" % o.ttl_ms),
}


class RespClient:
    """Over any stream: a socket, or a WebSocket's binary messages."""

    can = frozenset(REQUESTS)
    can_binary = True
    can_deadline = True

    def __init__(self, stream: Stream, version, name=""):
        self.stream, self.can_half_close = stream, stream.can_half_close
        self.name = name or f"RESP{version}"
        self._log_in(stream.route, version)

    def _log_in(self, route: Route, version):
        words = [b"HELLO", b"%d" % version]
        if route.user:
            words += [b"AUTH", route.user.encode(), route.password.encode()]
        if version == 3 or route.user:
            hello = self.command(*words)
            if isinstance(hello, Refused):
                raise Lost(f"HELLO: {hello}")

    def command(self, *words):
        self.stream.send(encode(*words))
        return self.read_reply()

    def send(self, operations):
        self.stream.send(b"".join(REQUESTS[operation.name](operation) for operation in operations))

    def replies(self, operations):
        for operation in operations:
            yield self._result(operation)

    def _result(self, operation):
        reply = self.read_reply()
        if operation.name.startswith("exec_"):
            # MULTI, then each QUEUED, then what EXEC says
            for _ in operation.keys:
                self.read_reply()
            reply = self.read_reply()
        if isinstance(reply, Refused) or operation.name in SHOWS_VALUES or operation.name in ("append", "incrby"):
            return reply
        if operation.name == "exec_set":
            return True if reply == [b"OK"] * len(operation.keys) else Refused(f"EXEC: {reply}")
        return True if reply == b"OK" or isinstance(reply, int) else Refused(f"not the reply to {operation.name}: {reply}")

    def read_reply(self):
        """One reply: bytes, a number, a list, None for any null, Refused for an error."""
        line = self.stream.read_line()
        kind, text = line[:1], line[1:]
        if kind == b"+":
            return text
        if kind == b"-":
            return Refused(text.decode(errors="replace"))
        if kind == b"_":
            return None
        if kind in (b",", b"#", b"("):
            return text
        try:
            number = int(text)
        except ValueError:
            raise Garbled(f"no reply: {line[:100]!r}") from None
        if kind == b":":
            return number
        if number < 0:
            return None
        if kind in (b"$", b"="):
            data = self.stream.read(number + 2)
            if not data.endswith(b"\r\n"):
                raise Garbled(f"a bulk of {number} bytes that ends with {data[-2:]!r}")
            return data[:-2]
        if kind in (b"*", b"%", b"~", b">"):
            return [self.read_reply() for _ in range(number * (2 if kind == b"%" else 1))]
        raise Garbled(f"no reply: {line[:100]!r}")
