#!/usr/bin/python3
"""How soon a million items that share one deadline are gone, and what the others notice of it.

Usage: bench/expiry.py [ITEMS [SERVER OPTION...]]        (default: 1000000 items, --memory 512mb --workers 1)

Starts build/release/bin/larder-server, stores the items with one deadline, and from then on does two things on connections of
their own: PING, each answer timed, and DBSIZE ten times a second. Prints the PINGs' latencies before the deadline and from it
until the last item is gone.
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

from programs import Peer, Program  # noqa: E402

BATCH = 1000


def store(peer, count, deadline_ms):
    expected = b"+OK\r\n" * BATCH
    for first in range(0, count, BATCH):
        peer.ask(
            b"".join(
                b"*5\r\n$3\r\nSET\r\n$12\r\nkey:%08d\r\n$8\r\n01234567\r\n$4\r\nPXAT\r\n$13\r\n%013d\r\n" % (i, deadline_ms)
                for i in range(first, first + BATCH)
            ),
            expected,
        )
        if first % 100_000 == 0:
            print(f"\r{first:>9} of {count} stored", end="", file=sys.stderr, flush=True)
    print(f"\r{count:>9} of {count} stored", file=sys.stderr)


def item_count(peer):
    peer.send(b"DBSIZE\r\n")
    return int(peer.read_line()[1:])


def row(name, latencies):
    latencies.sort()
    at = lambda share: latencies[min(len(latencies) - 1, int(len(latencies) * share))] * 1e3  # noqa: E731
    print(f"{name:<28} {len(latencies):>7} pings   p50 {at(.5):6.3f}  p99 {at(.99):6.3f}  p99.9 {at(.999):6.3f}  max {at(1):6.3f} ms")


def main(count=1_000_000, *options):
    options = options or ("--memory", "512mb", "--workers", "1")
    server = Program("larder-server", ("--listen", "resp://127.0.0.1:0", *options)).wait_until_ready()
    try:
        address = server.address("resp")
        with Peer(address) as pinger, Peer(address) as counter:
            lead_s = count / 60_000 + 5  # until everything is stored
            deadline_ms = int((time.time() + lead_s) * 1000)
            store(pinger, count, deadline_ms)
            assert time.time() * 1000 < deadline_ms, "the machine is too slow to store that many before their deadline"
            stored = item_count(counter)
            before, after, gone_s, next_look = [], [], None, 0
            while gone_s is None:
                sent = time.perf_counter()
                pinger.ask(b"PING\r\n", b"+PONG\r\n")
                took = time.perf_counter() - sent
                now = time.time()
                (before if now * 1000 < deadline_ms else after).append(took)
                if now > next_look:
                    next_look = now + 0.1
                    if item_count(counter) == 0:
                        gone_s = now - deadline_ms / 1000
        print(f"{stored} items with one deadline; all gone {gone_s:.1f} s after it")
        row("before the deadline", before)
        row("until the last is gone", after)
    finally:
        server.stop()


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.exit(print(__doc__))
    main(*([int(sys.argv[1]), *sys.argv[2:]] if len(sys.argv) > 1 else []))
