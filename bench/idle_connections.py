#!/usr/bin/python3
"""Resident bytes that an idle connection takes: new, after a pipeline of a hundred commands, and after a value went each way.

Clients stand in a process of their own. Larder's cache is small and full before it is measured, and Redis' has all that it will
have, so that what grows is what connections take. For larder-server over each event loop that there is, and for Debian's redis-server. Prints a table in Markdown.
"""

import argparse

from contestants import larder, redis  # first: it makes the modules of tests/e2e known

from crowd import Crowd, idle_count, stand_idle  # noqa: E402
from programs import Address, Peer, refusal_of_event_loop  # noqa: E402

MOMENTS = ("new", "after a pipeline", "after a value")
HOSTS = ["127.0.0.1"]  # to Redis other addresses of loopback are strangers


def fill(url, value_size):
    """More than Larder's cache holds, in small items and in such as will come."""
    with Peer(Address(url)) as peer:
        for number in range(100):
            peer.ask(b"".join(b"SET %d-%d %b\r\n" % (number, i, b"v" * 100) for i in range(500)), b"+OK\r\n" * 500)
        for number in range(100):
            peer.ask(b"*3\r\n$3\r\nSET\r\n$2\r\n%02d\r\n$%d\r\n%b\r\n" % (number, value_size, b"v" * value_size), b"+OK\r\n")


def measure(name, contestant, count, value_size):
    with contestant as server:
        fill(server.url, value_size)
        before = server.resident_mib()
        with Crowd(stand_idle, Address(server.url), HOSTS, count, value_size) as crowd:
            figures = []
            for _ in MOMENTS:
                crowd.step()
                figures.append((server.resident_mib() - before) * (1 << 20) / count)
            crowd.step()
    print(f"| {name} |" + "".join(f" {figure:,.0f} |" for figure in figures), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--connections", type=int, default=idle_count(9_900), help="how many")
    parser.add_argument("--value-size", type=int, default=100_000, help="bytes of the value that goes each way")
    options = parser.parse_args()
    print(f"{options.connections} connections\n\n| |" + "".join(f" {moment} |" for moment in MOMENTS))
    print("| --- |" + " --- |" * len(MOMENTS))
    for loop in ("epoll", "io_uring"):
        if not refusal_of_event_loop(loop):
            measure(f"Larder, {loop}", larder(loop, memory="4mb"), options.connections, options.value_size)
    measure("Redis 7.0.15", redis(), options.connections, options.value_size)


if __name__ == "__main__":
    main()
