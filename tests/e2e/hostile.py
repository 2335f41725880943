"""What attackers put into names and values, and readers that forgive nothing.

A reader here takes a reply apart by its protocol's grammar and stops at the first byte that does not belong there, so that
whatever a peer smuggles into a reply ends a test.
"""

import contextlib
import re
import socket

# Each would end a line, start another, or hide what follows, where it is repeated as it came.
TEXTS = {
    "crlf": b"x\r\n-ERR forged\r\n+OK\r\n:1\r\n$-1\r\n",
    "lf": b"x\nid=1 addr=9.9.9.9:1 name=forged\n",
    "cr": b"x\rforged",
    "nul": b"x\0forged",
    "escape": b"x\x1b[2J\x1b]0;forged\x07",
    "c1": b"x\x80\x9b\xff\xfe",
    "http": b"x HTTP/1.1\r\nSet-Cookie: forged=1\r\n\r\n<script>",
    "quotes": b"x' \"forged\" \\r\\n'",
    "format": b"%n%s{}{:n}$(forged)",
    "long": b"forged\r\n" * 2000,
    "spaces": b"x  forged id=7",
    "line separators": "x\u2028forged\u2029\u0085".encode(),
    "nothing": b"",
}

LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (trace|debug|info|warn|warning|error) +[ -~]*")


def send_and_end(peer, data, cut=None):
    """Sends all of it, in pieces of `cut` bytes, and its end. The other side may have refused it and ended before."""
    with contextlib.suppress(OSError):
        peer.send_cut(data, cut or max(len(data), 1))
        peer.socket.shutdown(socket.SHUT_WR)


def is_printable(text):
    return all(0x20 <= byte < 0x7F for byte in text)


def command(*words):
    """A command of RESP as an array of bulk strings."""
    words = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def read_reply(peer):
    """One reply of RESP2 or RESP3: (type, value). What stands on a line of its own is printable."""
    line = peer.read_until(b"\n")
    assert line.endswith(b"\r\n") and is_printable(line[:-2]), line[:200]
    kind, text = line[:1].decode(), line[1:-2]
    if kind in "+-":
        return kind, text
    if kind == "_":
        assert text == b"", line
        return kind, None
    if kind in "#,(":
        return kind, text
    assert kind in ":$=*~>%" and re.fullmatch(rb"-?\d+", text), line
    size = int(text)
    if kind == ":":
        return kind, size
    if kind in "$=":
        if size == -1:
            return kind, None
        value = peer.read(size)
        assert peer.read(2) == b"\r\n"
        return kind, value
    if size == -1:
        return kind, None
    return kind, [read_reply(peer) for _ in range(2 * size if kind == "%" else size)]


def call(peer, *words):
    """One command and the value of its one reply."""
    peer.send(command(*words))
    return read_reply(peer)[1]


class HttpResponse:
    """One response, read by RFC 9112 to the byte."""

    def __init__(self, peer, to_head=False):
        head = peer.read_until(b"\r\n\r\n")[:-4]
        lines = head.split(b"\r\n")
        assert all(is_printable(line) for line in lines), head
        status = re.fullmatch(rb"HTTP/1\.[01] (\d{3}) [A-Za-z -]+", lines[0])
        assert status, head
        self.head = head
        self.status = int(status.group(1))
        fields = [re.fullmatch(rb"([A-Za-z0-9-]+): (.*)", line) for line in lines[1:]]
        assert all(fields), head
        self.headers = {}
        for field in fields:
            name = field.group(1).decode().lower()
            assert name not in self.headers, head
            self.headers[name] = field.group(2).decode()
        has_body = not to_head and self.status not in (100, 101, 204)
        self.body = peer.read(int(self.headers["content-length"])) if has_body else b""


def is_well(program):
    """The program still answers a newcomer on each of its ports."""
    for address in program.addresses:
        with program.peer(address.scheme) as peer:
            if address.scheme == "resp":
                peer.ask(b"PING\r\n", b"+PONG\r\n")
            elif address.scheme == "line":
                peer.ask(b"get nothing-is-here\n", b"END\r\n")
            else:
                peer.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert HttpResponse(peer).status == 200
    return program.is_running
