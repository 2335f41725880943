"""One client of the soak test: a connection at a time, over one protocol and then another, and what clients do wrong.

It ends a connection in the middle, with and without a reset, stops reading, ends its side and reads on, as drawn. What the fault
proxy does to it comes on top. On a way without the proxy nothing may be lost but by its own doing.
"""

import contextlib
import random
import time

from connect import Garbled, Lost, Silent, Stream
from oracle import Violation
from resp_client import RespClient
from settings import MISDEEDS, counter
from steps import Steps
from table import Table
from text_clients import HttpClient, LineClient
from watch import watch_once
from websocket_client import BinaryStream, JsonClient



def _inside_websocket(stream, rng):
    return RespClient(BinaryStream(stream, rng), rng.choice((2, 3)), "WebSocket binary")


# Name: scheme, what makes a client of a stream, how often.
CLIENTS = {
    "RESP2": ("resp", lambda stream, rng: RespClient(stream, 2), 4),
    "RESP3": ("resp", lambda stream, rng: RespClient(stream, 3), 4),
    "line": ("line", lambda stream, rng: LineClient(stream), 2),
    "HTTP": ("http", HttpClient, 3),
    "WebSocket text": ("http", JsonClient, 2),
    "WebSocket binary": ("http", _inside_websocket, 2),
}

STORM_COUNT = 30
BEGINNINGS = [
    b"*2\r\n$3\r\nGET\r\n$6\r\nsoak:0\r\n*3\r\n$3\r\nSET\r\n$5\r\nnever\r\n$1000000\r\n",
    b"get soak:0\r\n" + b"get " + b"x" * 10_000,
    b"GET /v1/keys/soak%3A0 HTTP/1.1\r\nHost: soak\r\n\r\nPUT /v1/keys/never HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nnever",
]


class Driver:
    """Threads: one. `found` is called with each Violation; `is_over` says when to stop. It speaks those of `protocols` for which
    there is a route."""

    def __init__(self, number, settings, rng: random.Random, table: Table, found, is_over, protocols=tuple(CLIENTS)):
        self._number, self._rng, self._routes, self._table = number, rng, settings.routes, table
        self._pause_counter = settings.pause_counter
        schemes = {route.protocol for route in settings.routes}
        self._protocols = [name for name in protocols if CLIENTS[name][0] in schemes]
        self._found, self._is_over = found, is_over
        self._steps = Steps(number, settings.driver_count, rng, table, found, self._count)
        self._protocol = ""
        self._awaited = []  # what was sent last and has no reply yet

    def run(self):
        while not self._is_over():
            self._protocol = self._rng.choices(self._protocols, [CLIENTS[name][2] for name in self._protocols])[0]
            scheme, make_client, _ = CLIENTS[self._protocol]
            route = self._rng.choice([route for route in self._routes if route.protocol == scheme])
            self._live_once(route, make_client)

    def _live_once(self, route, make_client):
        """One connection, from its first byte to its last."""
        misdeed = self._rng.choice(MISDEEDS) if self._rng.random() < 0.5 else ""
        stream = None
        try:
            stream = Stream(route, receive_buffer_size=16384 if misdeed == "stop reading" else 0)
            client = make_client(stream, self._rng)
            self._count("connections")
            for _ in range(self._rng.choice((1, 5, 20, 100))):
                if self._is_over():
                    break
                self._exchange(client)
            if misdeed:
                self._count(misdeed)
                self._misbehave(client, misdeed)
        except Lost as why:
            self._count("lost")
            if isinstance(why, Silent) or (route.is_direct and not self._is_excused(misdeed)):
                sort = "silent" if isinstance(why, Silent) else "dropped"
                where = f"{why} at {route.address}, {misdeed or 'no misdeed'}"
                self._lie(sort, f"{where}, {self._awaited_text()}", "an answer")
        except Garbled as why:
            self._lie("garbled", str(why), "the protocol")
        finally:
            if stream is not None:
                stream.close(by_reset=self._rng.random() < 0.3)

    def _exchange(self, client):
        """A batch, and all its replies."""
        if client.stream.route.protocol == "resp" and self._rng.random() < 0.03:
            with contextlib.closing(Stream(client.stream.route)) as stream:
                watch_once(client, RespClient(stream, 2), self._steps, self._rng)
        else:
            self._send_and_settle(client, self._steps.draw(client, self._rng.choice((1, 1, 1, 2, 4, 8, 16))))

    def _send_and_settle(self, client, steps, between=lambda: None):
        """`between` is called when everything is sent."""
        left = self._awaited = list(steps)
        try:
            operations = [step.operation for step in steps]
            client.send(operations)
            between()
            for reply in client.replies(operations):
                self._steps.settle(left.pop(0), reply, client)
        finally:
            for step in left:
                self._steps.lose(step)

    def _misbehave(self, client, misdeed):
        """The last that this connection does."""
        rng = self._rng
        if misdeed == "storm":
            self._storm(client.stream.route)
        elif misdeed == "stop reading":
            steps = self._steps.draw_large_reads(client, rng.randrange(1, 6))
            self._send_and_settle(client, steps, lambda: time.sleep(rng.uniform(0.2, 2)))
        elif misdeed == "half-close" and client.can_half_close:
            self._send_and_settle(client, self._steps.draw(client, 8), client.stream.finish_sending)
            if not client.stream.is_at_end() and client.stream.route.is_direct:
                self._lie("garbled", "more than was asked for", "an end after the last reply")
        else:
            steps = self._awaited = self._steps.draw(client, 8)
            operations = [step.operation for step in steps]
            try:
                client.send(operations)
                replies = client.replies(operations)
                for _ in range(rng.randrange(len(steps) + 1)):
                    self._steps.settle(steps[0], next(replies), client)
                    del steps[0]
            finally:
                client.stream.close(by_reset=misdeed == "reset")
                for step in steps:
                    self._steps.lose(step)

    def _is_excused(self, misdeed):
        """Whether the server may have ended this connection: of who does not read when buffers are short, and, as Redis, of who has
        ended his side while commands are paused."""
        is_paused = self._table.counter(self._pause_counter) > time.monotonic_ns()
        return misdeed == "stop reading" or (misdeed == "half-close" and is_paused)

    def _awaited_text(self):
        return "nothing awaited" if not self._awaited else "awaited: " + ", ".join(
            f"{step.operation.name} {step.operation.keys[0].decode()} {sum(map(len, step.operation.values))}" for step in self._awaited)

    def _storm(self, route):
        """Many connections at once, each with the beginning of what it may never have asked."""
        request, streams = self._rng.choice(BEGINNINGS), []
        try:
            for _ in range(STORM_COUNT):
                streams.append(Stream(route))
                streams[-1].send(request[: self._rng.randrange(len(request))])
        finally:
            for stream in streams:
                stream.close(by_reset=self._rng.random() < 0.5)

    def _lie(self, sort, read, allowed, key=-1):
        self._found(Violation(sort, key, self._protocol, read, allowed))

    def _count(self, what, amount=1):
        place = counter(self._number, self._protocol, what)
        if what == "latest_us":
            self._table.raise_to(place, amount)
        else:
            self._table.add(place, amount)
