#!/usr/bin/python3
"""What others wait while one connection asks for much: pipelines, transactions, scans, patterns, many keys, large values.

Usage: bench/neighbours.py [KEYS [--most-ms MS] [SERVER OPTION...]]
(default: 1000000 keys, --memory 4gb --workers 1 --value-size-max 512mb)

Starts build/release/bin/larder-server with one worker, stores the keys, and has one connection do one thing after the other
while another sends PING after PING, each answer timed. What the first gets is checked: one reply a command, in order; every
key that stays seen by the scan; the value whole. Prints the PINGs' latencies for each. With --most-ms it is an
error if one waited longer, three times in a row; not for what reaches many keys or all, which is one step.
"""

import contextlib
import math
import multiprocessing
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

from programs import Peer, Program  # noqa: E402

COMMANDS = 10_000


def encode(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


class Pinger:
    """Times PINGs until finish(), in a process of its own: what the first connection's end does must not hold it up."""

    def __init__(self, address):
        self.is_done = multiprocessing.Event()
        self.ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self.run, args=(address, theirs), daemon=True)
        self.process.start()
        assert self.ours.recv() == "ready"

    def run(self, address, pipe):
        latencies = []
        with Peer(address) as peer:
            pipe.send("ready")
            while not latencies or not self.is_done.is_set():
                sent = time.perf_counter()
                peer.ask(b"PING\r\n", b"+PONG\r\n")
                latencies.append(time.perf_counter() - sent)
        pipe.send(latencies)

    def finish(self):
        self.is_done.set()
        latencies = self.ours.recv()
        self.process.join()
        return sorted(latencies)


def fill(peer, count):
    batch = 1000
    for first in range(0, count, batch):
        peer.ask(b"".join(encode(b"SET", b"key:%08d" % i, b"v%d" % i) for i in range(first, min(first + batch, count))),
                 b"+OK\r\n" * min(batch, count - first))
        if first % 100_000 == 0:
            print(f"\r{first:>9} of {count} stored", end="", file=sys.stderr, flush=True)
    print(f"\r{count:>9} of {count} stored", file=sys.stderr)


def mixed(count):
    """Commands of several kinds on keys of their own, and what they answer."""
    kinds = [
        lambda i: (encode(b"SET", b"m%d" % i, b"%d" % i), b"+OK\r\n"),
        lambda i: (encode(b"GET", b"m%d" % (i - 1)), b"$%d\r\n%d\r\n" % (len(str(i - 1)), i - 1)),
        lambda i: (encode(b"INCR", b"m%d" % (i - 2)), b":%d\r\n" % (i - 1)),
        lambda i: (encode(b"EXISTS", b"m%d" % (i - 3), b"absent"), b":1\r\n"),
        lambda i: (encode(b"DEL", b"m%d" % (i - 4)), b":1\r\n"),
    ]
    return [kinds[i % len(kinds)](i) for i in range(count)]


def pipeline(peer, _):
    turns = mixed(COMMANDS)
    peer.ask(b"".join(request for request, _ in turns), b"".join(reply for _, reply in turns))


def transaction(peer, _):
    turns = mixed(COMMANDS)
    peer.ask(encode(b"MULTI"), b"+OK\r\n")
    peer.ask(b"".join(request for request, _ in turns), b"+QUEUED\r\n" * COMMANDS)
    peer.ask(encode(b"EXEC"), b"*%d\r\n" % COMMANDS + b"".join(reply for _, reply in turns))


def read_keys(peer):
    count = int(peer.read_line()[1:])
    keys = []
    for _ in range(count):
        keys.append(peer.read(int(peer.read_line()[1:]) + 2)[:-2])
    return keys


def scan(peer, count):
    """While other keys come and go: the keys that stay are all there."""
    seen, cursor, turn = set(), b"0", 0
    while True:
        peer.send(encode(b"SCAN", cursor, b"COUNT", b"1000") +
                  b"".join(encode(b"SET", b"new%d" % (turn * 20 + i), b"x") for i in range(20)) +
                  b"".join(encode(b"DEL", b"new%d" % ((turn - 10) * 20 + i)) for i in range(20)))
        assert peer.read_line() == b"*2"
        cursor = peer.read(int(peer.read_line()[1:]) + 2)[:-2]
        seen.update(read_keys(peer))
        for _ in range(40):
            peer.read_line()
        turn += 1
        if cursor == b"0":
            break
    stay = {b"key:%08d" % i for i in range(count)}
    assert stay <= seen, f"{len(stay - seen)} of {count} keys were not shown"


def keys_of(pattern, expected):
    def run(peer, count):
        peer.send(encode(b"KEYS", pattern))
        found = read_keys(peer)
        assert len(found) == expected(count), (pattern, len(found))

    return run


def many_keys(name):
    """One command for half of the keys."""

    def run(peer, count):
        keys = [b"key:%08d" % i for i in range(count // 2)]
        values = [b"v%d" % i for i in range(len(keys))]
        if name == b"MGET":
            peer.send(encode(name, *keys))
            assert read_keys(peer) == values
        elif name == b"MSET":
            peer.ask(encode(name, *(word for pair in zip(keys, values) for word in pair)), b"+OK\r\n")
        else:
            peer.ask(encode(name, *keys), b":%d\r\n" % len(keys))

    return run


def kept_value(size):
    def run(peer, _):
        value = b"x" * size
        peer.ask(encode(b"SET", b"large", value), b"+OK\r\n")
        peer.ask(encode(b"SET", b"large", value), b"+OK\r\n")
        peer.send(encode(b"GET", b"large"))
        assert peer.read_line() == b"$%d" % size
        assert peer.read_large(size + 2) == value + b"\r\n"
        peer.ask(encode(b"DEL", b"large"), b":1\r\n")

    return run


def made_of_large(size):
    """What is asked of a value of about this size, each with the replies that are right."""
    size -= 16  # room for what is appended

    def once(*words, reply):
        return lambda peer, _: peer.ask(encode(*words), reply)

    def digest(peer, _):
        peer.send(encode(b"DIGEST", b"large"))
        assert peer.read_line() == b"$16"
        peer.ask(encode(b"DELEX", b"large", b"IFDEQ", peer.read(18)[:-2]), b":1\r\n")

    return [
        ("COPY", once(b"COPY", b"large", b"other", reply=b":1\r\n")),
        ("RENAME", once(b"RENAME", b"large", b"other", reply=b"+OK\r\n")),
        ("APPEND", once(b"APPEND", b"large", b"tail", reply=b":%d\r\n" % (size + 4))),
        ("SETRANGE", once(b"SETRANGE", b"large", b"100", b"part", reply=b":%d\r\n" % size)),
        ("DIGEST, DELEX IFDEQ", digest),
    ]


@contextlib.contextmanager
def large_value(peer, size):
    """Is stored before, and removed afterwards with what was made of it."""
    peer.ask(encode(b"SET", b"large", b"x" * (size - 16)), b"+OK\r\n")
    yield
    peer.send(encode(b"UNLINK", b"large", b"other"))
    peer.read_line()


def large_sizes(options):
    """Of values: the two that are asked about, or the largest that the server takes."""
    text = options[options.index("--value-size-max") + 1].lower() if "--value-size-max" in options else "128mb"
    most = int(text.rstrip("mb")) << 20 if text.endswith("mb") else int(text)
    return [size for size in (100_000_000, 512 << 20) if size <= most] or [most]


def measure(address, peer, count, name, run):
    pinger = Pinger(address)
    started = time.perf_counter()
    run(peer, count)
    took = time.perf_counter() - started
    waits = pinger.finish()
    at = [waits[min(len(waits) - 1, int(len(waits) * share))] * 1e3 for share in (0.5, 0.99, 1)]
    print(f"{name:<34} {took * 1e3:8.0f} {len(waits):8} " + " ".join(f"{ms:8.3f}" for ms in at), flush=True)
    return at[-1]


def hold(most_ms, measure_once):
    """Three times, if it has to be: what the machine does to a PING does not come again, what the server does to it does."""
    if all(measure_once() > most_ms for _ in range(3)):
        sys.exit(f"others waited longer than {most_ms:.0f} ms, three times of three")


def main(count=1_000_000, *options):
    most_ms = math.inf
    if options[:1] == ("--most-ms",):
        most_ms, options = float(options[1]), options[2:]
    options = options or ("--memory", "4gb", "--workers", "1", "--value-size-max", "512mb")
    cases = [
        ("nothing", lambda peer, _: time.sleep(0.5)),
        ("a pipeline of 10,000", pipeline),
        ("a transaction of 10,000", transaction),
        ("SCAN of all while keys change", scan),
        ("KEYS *", keys_of(b"key:*", lambda n: n)),
        ("KEYS, a hostile pattern", keys_of(b"*?" * 50 + b"[a-y]*z", lambda _: 0)),
        *((f"SET, SET, GET, DEL of {size:,} bytes", kept_value(size)) for size in large_sizes(options)),
    ]
    one_step = [(f"{name.decode()} of {count // 2:,} keys", many_keys(name)) for name in (b"EXISTS", b"MGET", b"MSET", b"DEL")]
    one_step.append((f"FLUSHALL of {count - count // 2:,} keys", lambda peer, _: peer.ask(b"FLUSHALL\r\n", b"+OK\r\n")))
    server = Program("larder-server", ("--listen", "resp://127.0.0.1:0", *options)).wait_until_ready()
    try:
        address = server.address("resp")
        with Peer(address, timeout=120) as peer:
            fill(peer, count)
            print(f"{count} keys; what another connection's PINGs wait, in milliseconds")
            print(f"{'meanwhile':<34} {'took':>8} {'pings':>8} {'p50':>8} {'p99':>8} {'max':>8}")
            for name, run in cases:
                hold(most_ms, lambda name=name, run=run: measure(address, peer, count, name, run))
            for size in large_sizes(options):
                for name, run in made_of_large(size):

                    def beside_large_value(name=name, run=run, size=size):
                        with large_value(peer, size):
                            return measure(address, peer, count, f"{name} of {size:,} bytes", run)

                    hold(most_ms, beside_large_value)
            for name, run in one_step:
                measure(address, peer, count, name, run)
    finally:
        server.stop()


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.exit(print(__doc__))
    main(*([int(sys.argv[1]), *sys.argv[2:]] if len(sys.argv) > 1 else []))
