"""Running programs of ours, and sockets to talk to them.

A program is started on ports that the kernel picks and is ready when its `ready URL ...` line is on stderr; nothing here
sleeps. Stopping one checks that it ended cleanly: a sanitizer's report makes it end otherwise.
"""

import functools
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("LARDER_BIN_DIR", ROOT / "build/release/bin"))

# Far beyond what anything takes; a program built with sanitizers on a busy machine is slow.
PATIENCE_S = 30

READY = re.compile(r"(?:^|\s)ready((?: \S+:\S+)+)\n$")


def resident_size(pid):
    """Resident memory of a process, in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


class Address:
    """One of the URLs that a program listens on."""

    def __init__(self, url):
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self.scheme, self.host, self.port = parts.scheme, parts.hostname, parts.port
        self.path = parts.path if self.scheme.endswith("+unix") else None

    def __iter__(self):
        return iter((self.host, self.port))

    def __str__(self):
        return self.url


class Program:
    """A process of ours. `stderr` is what it has said so far; `before` runs in the process before it becomes the program,
    which inherits the descriptors `pass_fds`. `log`: a file that gets what it says, too."""

    def __init__(self, name, options, environment=None, before=None, pass_fds=(), log=os.devnull):
        self.name, self._log = name, log
        self.stderr = ""
        self._lines = queue.SimpleQueue()
        clean = {key: value for key, value in os.environ.items() if not key.startswith("LARDER_")}
        self.process = subprocess.Popen(
            # Whoever runs the tests in the background has SIGINT ignored, and children inherit that.
            ["env", "--default-signal=INT", BIN / name, *map(str, options)],
            env={**clean, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            preexec_fn=before,
            pass_fds=pass_fds,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with open(self._log, "w", buffering=1, encoding="utf-8") as log:
            for line in self.process.stderr:
                self.stderr += line
                log.write(line)
                self._lines.put(line)
        self._lines.put(None)

    def wait_for_line(self, wanted):
        """The next line of stderr that holds `wanted`."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise AssertionError(f"{self.name} has not said {wanted!r}:\n{self.stderr}") from None
            assert line is not None, f"{self.name} ended before it said {wanted!r}:\n{self.stderr}"
            if wanted in line:
                return line

    def wait_until_ready(self):
        """Until the line that ends with `ready URL URL ...`."""
        while not (found := READY.search(self.wait_for_line("ready "))):
            pass
        self.addresses = [Address(url) for url in found.group(1).split()]
        return self

    def address(self, scheme):
        """The first address with this scheme."""
        return next(address for address in self.addresses if address.scheme == scheme)

    def peer(self, scheme, **options):
        """A new connection to that address."""
        return Peer(self.address(scheme), **options)

    def wait(self):
        """The exit status; negative for a signal."""
        status = self.process.wait(timeout=PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return status

    def stop(self, by=signal.SIGTERM):
        """Asks the program to stop, and checks that it does so cleanly."""
        self.process.send_signal(by)
        status = self.wait()
        assert status == 0, f"{self.name} ended with status {status}:\n{self.stderr}"

    def kill(self):
        self.process.kill()
        self.wait()

    @property
    def is_running(self):
        return self.process.poll() is None

    def resident_size(self):
        """Resident memory in bytes."""
        return resident_size(self.process.pid)


@functools.cache
def refusal_of_event_loop(name):
    """Why a server cannot run on this event loop here; empty: it can."""
    server = Program("larder-server", ["--listen", "resp://127.0.0.1:0", "--event-loop", name])
    try:
        server.wait_until_ready()
    except AssertionError:
        return re.search(r"--event-loop \S+: (.*)", server.stderr).group(1)
    server.stop()
    return ""


class Peer:
    """The other end of a connection, byte for byte."""

    def __init__(self, address, timeout=PATIENCE_S):
        if address.path is None:
            self.socket = socket.create_connection(tuple(address), timeout=timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address.path)
        self._unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_cut(self, data, size=1):
        """In pieces of `size` bytes, each with a send of its own."""
        for start in range(0, len(data), size):
            self.socket.sendall(data[start : start + size])

    def _more(self):
        data = self.socket.recv(1 << 16)
        self._unread += data
        return data != b""

    def read(self, size):
        """Exactly `size` bytes."""
        while len(self._unread) < size:
            assert self._more(), f"closed after {self._unread!r}"
        data, self._unread = self._unread[:size], self._unread[size:]
        return data

    def read_large(self, size):
        """As read(), for megabytes."""
        data = bytearray(self._unread[:size])
        self._unread = self._unread[size:]
        while len(data) < size:
            more = self.socket.recv(min(1 << 20, size - len(data)))
            assert more, f"closed after {len(data)} bytes"
            data += more
        return bytes(data)

    def read_until(self, end):
        """Up to and with `end`."""
        while end not in self._unread:
            assert self._more(), f"closed after {self._unread!r}"
        return self.read(self._unread.index(end) + len(end))

    def read_line(self):
        """One line without its CRLF."""
        return self.read_until(b"\r\n")[:-2]

    def read_all(self):
        """Everything until the other end closes; a reset counts as closing."""
        try:
            while self._more():
                pass
        except ConnectionError:
            pass
        data, self._unread = self._unread, b""
        return data

    def is_at_end(self):
        """Waits for more. Whether there is none: the other end has closed, and everything is read."""
        return not self._unread and not self._more()

    def read_to_end(self):
        """Everything up to a plain end: a reset is an error."""
        data = bytearray(self._unread)
        self._unread = b""
        while more := self.socket.recv(1 << 20):
            data += more
        return bytes(data)

    def ask(self, request, reply):
        """Sends a request and checks that the reply is this one."""
        self.send(request)
        got = self.read(len(reply))
        assert got == reply, got


def wait_until(holds):
    """Asks again and again. For what changes in the server without a word to anybody."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"


def stats_over(peer):
    """/v1/stats over a connection that stays open."""
    peer.send(b"GET /v1/stats HTTP/1.1\r\nHost: larder\r\n\r\n")
    head = peer.read_until(b"\r\n\r\n").lower()
    size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    return json.loads(peer.read(size))


def stats_of(server):
    with server.peer("http") as peer:
        return stats_over(peer)
