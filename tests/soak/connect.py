"""How a client comes to a server: the one place that opens connections, with TLS and a login where the run has them.

A Route is a way in. `server` is where to connect: the fault proxy's side, or the server itself.
"""

import functools
import io
import socket
import ssl
import typing

# Far beyond any stall that the proxy makes.
PATIENCE_S = 20

# MONITOR shows a value of megabytes in one line, its bytes escaped.
LINE_SIZE_MAX = 1 << 26


class Lost(Exception):
    """The connection is gone: whatever has no reply yet may have happened or not."""


class Silent(Lost):
    """Nothing came, or was taken, for PATIENCE_S."""


class Garbled(Exception):
    """What came breaks the protocol: the server's fault, since no fault of ours changes a byte."""


class Route(typing.NamedTuple):
    """One address, as it is told to the processes of a run."""

    protocol: str  # resp, line, http
    address: typing.Any  # (host, port), or the path of a Unix socket
    is_direct: bool  # no proxy on the way: nothing is lost here but by the client's own doing
    ca_file: str = ""  # not empty: TLS, with a server certificate that this CA has signed
    user: str = ""  # not empty: who logs in
    password: str = ""


@functools.cache
def _tls_context(ca_file):
    return ssl.create_default_context(cafile=ca_file)


def _lost(error, doing):
    return (Silent if isinstance(error, TimeoutError) else Lost)(f"{type(error).__name__} on {doing}: {error}")


class Stream:
    """A connection's bytes. Threads: one. Errors: Lost, whatever happened to it; it is of no use then. `source`: from this address."""

    def __init__(self, route: Route, receive_buffer_size=0, source=""):
        self.route = route
        family = socket.AF_UNIX if isinstance(route.address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        try:
            self.socket.settimeout(PATIENCE_S)
            if receive_buffer_size:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_size)
            if source:
                self.socket.bind((source, 0))
            self.socket.connect(route.address if family == socket.AF_UNIX else tuple(route.address))
            if family == socket.AF_INET:
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if route.ca_file:
                self.socket = _tls_context(route.ca_file).wrap_socket(self.socket, server_hostname="localhost")
        except OSError as error:
            self.socket.close()
            raise Lost(str(error)) from None
        self.can_half_close = not route.ca_file  # TLS has an end of its own for that
        self._file = self.socket.makefile("rb", buffering=1 << 18)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise _lost(error, "sending") from None

    def read(self, size):
        """Exactly so many bytes."""
        data = self._guard(self._file.read, size)
        if len(data) != size:
            raise Lost("end")
        return data

    def read_line(self):
        """Up to CRLF, without it."""
        line = self._guard(self._file.readline, LINE_SIZE_MAX)
        if not line.endswith(b"\r\n"):
            raise Lost("end")
        return line[:-2]

    def is_at_end(self):
        """Waits for more; whether there is none."""
        return self._guard(self._file.read, 1) == b""

    def finish_sending(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Lost(str(error)) from None

    def close(self, by_reset=False):
        if by_reset and self.socket.fileno() >= 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._file.close()
        self.socket.close()

    @staticmethod
    def _guard(read, size):
        try:
            return read(size)
        except OSError as error:
            raise _lost(error, "reading") from None


class Inside(io.RawIOBase):
    """What `receive()` hands out, piece by piece, as a file to read from; b"" is its end."""

    def __init__(self, receive):
        super().__init__()
        self._receive, self._left = receive, b""

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self._left:
            self._left = self._receive()
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
