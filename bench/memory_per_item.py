#!/usr/bin/python3
"""Resident bytes that an item takes beyond its key and its value.

A server is started, its resident memory read, two million items with 20-byte keys are stored, and when its resident memory has
settled the difference is divided by the items. For larder-server with each back end it knows, and for Debian's redis-server and
memcached beside it; without and with a deadline (one that lies a day ahead). Prints a table in Markdown.
"""

import argparse
import contextlib
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

from programs import BIN, PATIENCE_S, Peer, Program, resident_size  # noqa: E402

KEY_SIZE = 20
BATCH_SIZE = 1 << 18
DEADLINE_S = 86400
SETTLED_LOOKS = 5
SETTLED_WITHIN = 256 << 10
SETTLE_PATIENCE_S = 30


class UnixPeer(Peer):
    """A Peer on a Unix socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(path))
        self._unread = b""


class Larder:
    """larder-server with one back end."""

    def __init__(self, backend, memory, _folder):
        options = ("--listen", "resp://127.0.0.1:0", "--memory", memory, "--backend", backend)
        self.program = Program("larder-server", options).wait_until_ready()
        self.pid = self.program.process.pid

    def connect(self):
        return self.program.peer("resp")

    def stop(self):
        self.program.stop()


class Daemon:
    """Somebody else's server, on a Unix socket in `folder`."""

    def __init__(self, command, path):
        self.path = path
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.pid = self.process.pid
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.connect().close()
                return
            except OSError:
                if time.monotonic() > give_up or self.process.poll() is not None:
                    self.process.kill()
                    raise
                time.sleep(0.02)

    def connect(self):
        return UnixPeer(self.path)

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def redis(memory, folder):
    path = folder / "redis"
    return Daemon(["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder,
                   "--maxmemory", memory, "--maxmemory-policy", "allkeys-lru"], path)


def memcached(memory, folder):
    path = folder / "memcached"
    mebibytes = int(memory[:-2]) * {"mb": 1, "gb": 1024}[memory[-2:]]
    return Daemon(["memcached", "-u", "nobody", "-s", path, "-a", "777", "-m", str(mebibytes)], path)


def batches(count, encode):
    """The requests for all items, many at a time, and how many are in each."""
    step = max(1, BATCH_SIZE // len(encode(0)))
    for first in range(0, count, step):
        last = min(first + step, count)
        yield b"".join(map(encode, range(first, last))), last - first


def load_resp(peer, count, value, deadline):
    words = [value, *([b"EX", b"%d" % DEADLINE_S] if deadline else [])]
    head = b"*%d\r\n$3\r\nSET\r\n$%d\r\n" % (2 + len(words), KEY_SIZE)
    tail = b"".join(b"\r\n$%d\r\n%s" % (len(word), word) for word in words) + b"\r\n"
    for request, request_count in batches(count, lambda i: head + b"key:%016d" % i + tail):
        peer.ask(request, b"+OK\r\n" * request_count)
    peer.send(b"DBSIZE\r\n")
    return int(peer.read_line()[1:])


def load_memcached(peer, count, value, deadline):
    tail = b" 0 %d %d noreply\r\n%s\r\n" % (DEADLINE_S if deadline else 0, len(value), value)
    for request, _ in batches(count, lambda i: b"set key:%016d" % i + tail):
        peer.send(request)
    peer.send(b"stats\r\n")
    return int(re.search(rb"STAT curr_items (\d+)", peer.read_until(b"END\r\n")).group(1))


def settled_size(pid):
    """Resident memory once it has stood still for a second: some servers resize their tables behind the last reply."""
    sizes = [resident_size(pid)]
    give_up = time.monotonic() + SETTLE_PATIENCE_S
    while time.monotonic() < give_up:
        time.sleep(0.2)
        sizes.append(resident_size(pid))
        last = sizes[-SETTLED_LOOKS:]
        if len(last) == SETTLED_LOOKS and max(last) - min(last) <= SETTLED_WITHIN:
            return sizes[-1]
    print(f"resident memory has not settled within {SETTLE_PATIENCE_S} s", file=sys.stderr)
    return sizes[-1]


@contextlib.contextmanager
def running(start, *arguments):
    server = start(*arguments)
    try:
        yield server
    finally:
        server.stop()


def measure(start, load, memory, count, value_size, deadline):
    """Bytes an item takes beyond key and value, and how many items the server says it holds."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o777)  # memcached leaves root behind before it makes its socket
        with running(start, memory, folder) as server:
            with server.connect() as peer:
                before = settled_size(server.pid)
                held = load(peer, count, b"v" * value_size, deadline)
            after = settled_size(server.pid)
    return (after - before) / held - KEY_SIZE - value_size, held


def backend_names():
    """What --backend takes, by the server's own help."""
    text = subprocess.run([BIN / "larder-server", "--help"], capture_output=True, text=True, check=True).stdout
    return re.search(r"--backend (\S+)", text).group(1).split("|")


def main():
    systems = {f"larder {name}": (lambda *a, name=name: Larder(name, *a), load_resp) for name in backend_names()}
    systems |= {"redis": (redis, load_resp), "memcached": (memcached, load_memcached)}

    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--items", type=int, default=2_000_000)
    arguments.add_argument("--memory", default="4gb", help="each server's limit, in mb or gb; has to hold all items (%(default)s)")
    arguments.add_argument("--values", type=int, nargs="+", default=[8, 64, 256, 1024], metavar="SIZE")
    arguments.add_argument("--systems", nargs="+", choices=systems, default=list(systems), metavar="SYSTEM",
                           help="of " + ", ".join(f"'{name}'" for name in systems))
    given = arguments.parse_args()

    columns = [(size, deadline) for deadline in (False, True) for size in given.values]
    print("| value |", " | ".join(f"{size}{' with a deadline' if deadline else ''}" for size, deadline in columns), "|")
    print("| --- |", " | ".join("---" for _ in columns), "|", flush=True)
    for name in given.systems:
        cells = []
        for size, deadline in columns:
            overhead, held = measure(*systems[name], given.memory, given.items, size, deadline)
            cells.append(f"{overhead:.1f}" + (f" (held {held})" if held != given.items else ""))
            print(f"{name}, {size} bytes{', deadline' if deadline else ''}: {cells[-1]}", file=sys.stderr)
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
