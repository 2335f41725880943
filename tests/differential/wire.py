"""RESP, byte for byte: requests to send, and where replies end. Method: replies are compared as they came; they are taken
apart only where they differ.
"""

import random
import select
import socket
import time
import typing

PATIENCE_S = 20


class Incomplete(Exception):
    """The reply goes on beyond the bytes so far."""


class NoReply(Exception):
    """These bytes are no reply."""


class Reply(typing.NamedTuple):
    """A reply taken apart: its type byte, and bytes, a list of replies, or None for every kind of null."""

    kind: str
    value: object


LINES = "+-:,#("
BULKS = "$=!"
ARRAYS = "*~>"
PAIRS = "%|"


def parse(data, at=0):
    """The reply that begins at `at`, and where the next one begins."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise Incomplete
    kind, text, at = chr(data[at]), data[at + 1 : end], end + 2
    if kind in LINES:
        return Reply(kind, text), at
    if kind == "_" and text == b"":
        return Reply(kind, None), at
    if kind not in BULKS + ARRAYS + PAIRS or not text.lstrip(b"-").isdigit():
        raise NoReply(data[:200])
    size = int(text)
    if size < 0:
        return Reply(kind, None), at
    if kind in BULKS:
        if len(data) < at + size + 2:
            raise Incomplete
        if data[at + size : at + size + 2] != b"\r\n":
            raise NoReply(data[:200])
        return Reply(kind, data[at : at + size]), at + size + 2
    parts = []
    for _ in range(size * 2 if kind in PAIRS else size):
        part, at = parse(data, at)
        parts.append(part)
    if kind in "|>":  # an attribute stands before what it is about; DEBUG PROTOCOL PUSH before its reply
        about, at = parse(data, at)
        parts.append(about)
    return Reply(kind, parts), at


def request(words):
    """A command as an array of bulk strings."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


ESCAPES = {b"\n"[0]: b"\\n", b"\r"[0]: b"\\r", b"\t"[0]: b"\\t", b'"'[0]: b'\\"', b"\\"[0]: b"\\\\"}


def in_double_quotes(word):
    return b'"' + b"".join(ESCAPES.get(c, b"%c" % c if 32 <= c < 127 else b"\\x%02x" % c) for c in word) + b'"'


def in_single_quotes(word):
    return b"'" + word.replace(b"'", b"\\'") + b"'"


def inline(words, rng):
    """The same command as a person types it, each word quoted in one of the ways that fit it."""
    typed = []
    for word in words:
        ways = [in_double_quotes]
        if word and all(33 <= c < 127 and c not in b"\"'" for c in word):
            ways += [bytes, bytes, bytes]
        if not any(c in b"\r\n\0\\" for c in word):
            ways.append(in_single_quotes)
        typed.append(rng.choice(ways)(word))
    return b" ".join(typed) + rng.choice([b"\r\n", b"\r\n", b"\n"])


class Connection:
    """One connection to a server; `address` is a path or a pair of host and port."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.connect(address)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.is_closed = False
        self._unread = b""

    def close(self):
        self.socket.close()

    def _receive(self):
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        self._unread += data
        self.is_closed = data == b""

    def _send(self, data):
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except ConnectionError:
            return len(data)  # whatever it said before is still to be read

    def _take(self, replies, count):
        at = 0
        try:
            while len(replies) < count and at < len(self._unread):
                _, end = parse(self._unread, at)
                replies.append(self._unread[at:end])
                at = end
        except Incomplete:
            pass
        except NoReply:
            replies.append(self._unread[at:])
            at = len(self._unread)
        self._unread = self._unread[at:]

    def exchange(self, data, count, patience=PATIENCE_S):
        """Sends `data` and reads `count` replies, both at once, so that neither end waits for ever with full buffers.
        Fewer replies: it closed, or was silent for longer than `patience` seconds."""
        # Where the bytes are cut depends on nothing but the bytes, so that a run can be repeated.
        rng = random.Random(len(data))
        pieces = sorted({rng.randrange(len(data)) + 1 for _ in range(rng.randrange(4) if data else 0)} | {len(data)})
        replies, sent = [], 0
        until = time.monotonic() + patience
        poll = select.poll()
        poll.register(self.socket, select.POLLIN | select.POLLOUT)
        while not self.is_closed and (sent < len(data) or len(replies) < count):
            if sent == len(data):
                poll.modify(self.socket, select.POLLIN)
            ready = poll.poll(max(0, until - time.monotonic()) * 1000)
            if not ready:
                break
            if ready[0][1] & ~select.POLLOUT:
                self._receive()
                self._take(replies, count)
            if sent < len(data) and ready[0][1] & select.POLLOUT:
                sent += self._send(data[sent : next(end for end in pieces if end > sent)])
        return replies

    def look_for_end(self):
        """Notes that it has closed, if that is known already."""
        self._receive()

    def read_to_end(self, patience=PATIENCE_S):
        """Everything until the other end closes, and whether it has."""
        self.socket.setblocking(True)
        self.socket.settimeout(patience)
        try:
            while not self.is_closed:
                self._receive()
        except TimeoutError:
            pass
        data, self._unread = self._unread, b""
        return data, self.is_closed

    def finish_sending(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
