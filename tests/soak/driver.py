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
from steps import Steps
from table import Table
from text_clients import HttpClient, LineClient
from watch import watch_once
from websocket_client import BinaryStream, JsonClient



def _inside_websocket(stream, rng):
    return RespClient(BinaryStream(stream, rng), rng.choice((2, 3)), "WebSocket binary")


# Name: scheme, what makes a client of a stream, how often.
PROTOCOLS = {
    "RESP2": ("resp", lambda stream, rng: RespClient(stream, 2), 4),
    "RESP3": ("resp", lambda stream, rng: RespClient(stream, 3), 4),
    "line": ("line", lambda stream, rng: LineClient(stream), 2),
    "HTTP": ("http", HttpClient, 3),
    "WebSocket text": ("http", JsonClient, 2),
    "WebSocket binary": ("http", _inside_websocket, 2),
}

# What is counted for each driver and protocol; of the last one the most.
COUNTED = ["requests", "hits", "misses", "writes", "refused", "connections", "lost", "latest_us"]

# What else a driver does to its connections.
MISDEEDS = ["cut", "reset", "half-close", "stop reading"]


def counter(driver, protocol, what):
    """Where table.py counts this."""
    row = driver * len(PROTOCOLS) + list(PROTOCOLS).index(protocol)
    return row * (len(COUNTED) + len(MISDEEDS)) + (COUNTED + MISDEEDS).index(what)


def counter_count(driver_count):
    return driver_count * len(PROTOCOLS) * (len(COUNTED) + len(MISDEEDS))


class Driver:
    """Threads: one. `found` is called with each Violation; `is_over` says when to stop. It speaks those of `protocols` for which
    there is a route."""

    def __init__(self, number, driver_count, rng: random.Random, routes, table: Table, found, is_over, protocols=tuple(PROTOCOLS)):
        self._number, self._rng, self._routes, self._table = number, rng, routes, table
        schemes = {route.protocol for route in routes}
        self._protocols = [name for name in protocols if PROTOCOLS[name][0] in schemes]
        self._found, self._is_over = found, is_over
        self._steps = Steps(number, driver_count, rng, table, found, self._count)
        self._protocol = ""

    def run(self):
        while not self._is_over():
            self._protocol = self._rng.choices(self._protocols, [PROTOCOLS[name][2] for name in self._protocols])[0]
            scheme, make_client, _ = PROTOCOLS[self._protocol]
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
            if route.is_direct or isinstance(why, Silent):
                self._lie("silent" if isinstance(why, Silent) else "dropped", f"{route.address}: {why}", "an answer")
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
        left = list(steps)
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
        if misdeed == "stop reading":
            steps = self._steps.draw_large_reads(client, rng.randrange(1, 6))
            self._send_and_settle(client, steps, lambda: time.sleep(rng.uniform(0.2, 2)))
        elif misdeed == "half-close" and client.can_half_close:
            self._send_and_settle(client, self._steps.draw(client, 8), client.stream.finish_sending)
            if not client.stream.is_at_end() and client.stream.route.is_direct:
                self._lie("garbled", "more than was asked for", "an end after the last reply")
        else:
            steps = self._steps.draw(client, 8)
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

    def _lie(self, sort, read, allowed, key=-1):
        self._found(Violation(sort, key, self._protocol, read, allowed))

    def _count(self, what, amount=1):
        place = counter(self._number, self._protocol, what)
        if what == "latest_us":
            self._table.raise_to(place, amount)
        else:
            self._table.add(place, amount)
