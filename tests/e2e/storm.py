"""Guessing at a rate: wrong passwords that are due at fixed intervals, whatever the server does with those before.

For crowd.py to run in a process of its own. A connection has one guess under way; a guess that is due goes to an idle
connection from its address, or to a new one. Over HTTP each has a connection of its own, since a refusal ends it. At the end
whoever still waits is given up.
"""

import base64
import collections
import contextlib
import dataclasses
import os
import select
import time

from crowd import connect, reset

# Half of them for a user who exists, if the file has one of that name.
NAMES = ("root", "nobody")


def addresses(count, net=1):
    """So many addresses of loopback, 127.NET.x.y."""
    return [f"127.{net}.{index // 250}.{index % 250 + 1}" for index in range(count)]


def guess(scheme, number, password_size):
    """A request with a wrong password; without a number one that has no password at all, and is refused at once."""
    if number is None:
        return b"GET guessed\r\n" if scheme == "resp" else b"GET /v1/keys/guessed HTTP/1.1\r\nHost: h\r\n\r\n"
    name, password = NAMES[number % len(NAMES)], f"wrong{number}".ljust(password_size, "x")
    if scheme == "resp":
        return f"AUTH {name} {password}\r\n".encode()
    text = base64.b64encode(f"{name}:{password}".encode())
    return b"GET /v1/keys/guessed HTTP/1.1\r\nHost: h\r\nAuthorization: Basic " + text + b"\r\n\r\n"


# By how they begin.
ANSWERS = {b"-WRONGPASS": "wrong", b"-ERR too m": "crowded", b"-NOAUTH Au": "asked", b"HTTP/1.1 4": "wrong",
           b"HTTP/1.1 5": "crowded"}


class Guesser:
    """One connection."""

    def __init__(self, address, host):
        self.socket = connect(address, host)
        self.host = host
        self.is_http = address.scheme == "http"
        self.text = b""

    def read(self):
        """Takes what has come. The answer's kind once it is whole; None: it is not yet."""
        try:
            data = self.socket.recv(4096)
        except ConnectionError:
            return "closed"
        self.text += data
        if data and (self.is_http or not self.text.endswith(b"\r\n")):
            return None
        text, self.text = self.text, b""
        return ANSWERS.get(text[:10], "strange") if text else "closed"


@dataclasses.dataclass(frozen=True)
class Options:
    with_password: bool = True
    password_size: int = 1
    connection_count_max: int = 9200
    core: int | None = None  # to run on
    patience_s: float = 1  # for answers, after the last guess


def guess_at_rate(address, hosts, rate, seconds, options, is_over=None):
    """Yields what came of it: a count for each kind of answer, of those `sent`, of those still `waiting` for one at the end, of
    those `unsent` for want of a connection, and of `connections`; and then, when nobody is connected any more, nothing. `options`
    are those above; it ends early when `is_over` is set."""
    given = Options(**options)
    if given.core is not None:
        os.sched_setaffinity(0, {given.core})
    seen = collections.Counter()
    seen.update({kind: 0 for kind in (*ANSWERS.values(), "strange", "closed", "unsent")})
    idle = {host: [] for host in hosts}
    busy = {}
    ready = select.epoll()

    def read_answers(within_s):
        for descriptor, _ in ready.poll(max(0.0, within_s)):
            if descriptor not in busy:  # the server has closed it: there were more than --connections-max
                ended = next(one for some in idle.values() for one in some if one.socket.fileno() == descriptor)
                idle[ended.host].remove(ended)
                ready.unregister(descriptor)
                reset(ended.socket)
                continue
            guesser = busy[descriptor]
            if (answer := guesser.read()) is None:
                continue
            seen[answer] += 1
            del busy[descriptor]
            if guesser.is_http or answer == "closed":
                ready.unregister(descriptor)
                reset(guesser.socket)
            else:
                idle[guesser.host].append(guesser)

    started = time.monotonic()
    due = 0
    while (now := time.monotonic() - started) < seconds and not (is_over and is_over.is_set()):
        while due < now * rate:
            host = hosts[due % len(hosts)]
            # Its host's turn comes once a round: then it is the other name's.
            text = guess(address.scheme, due + due // len(hosts) if given.with_password else None, given.password_size)
            due += 1
            if idle[host]:
                guesser = idle[host].pop()
            elif len(busy) < given.connection_count_max:
                guesser = Guesser(address, host)
                ready.register(guesser.socket, select.EPOLLIN)
                seen["connections"] += 1
            else:
                seen["unsent"] += 1
                continue
            busy[guesser.socket.fileno()] = guesser
            seen["sent"] += 1
            with contextlib.suppress(ConnectionError):  # reading tells of it
                guesser.socket.sendall(text)
        read_answers(due / rate - now)
    give_up = time.monotonic() + given.patience_s
    while busy and (left := give_up - time.monotonic()) > 0:
        read_answers(left)
    seen["waiting"] = len(busy)
    yield dict(seen)
    for guesser in [*busy.values(), *(one for some in idle.values() for one in some)]:
        reset(guesser.socket)
    yield None
