#!/usr/bin/python3
"""Streams of random commands to Redis and to Larder, as many as you have time for. One line a seed; what differs is made
short and shown, once for each kind of difference. Ends with 1 if anything differs, or with --all if Larder lacks a
command."""

import argparse
import collections
import os
import pathlib
import secrets
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import campaign  # noqa: E402
from campaign import lacking, play_seed  # noqa: E402


def kind_of(found):
    """Two streams that found the same have the same command in the end, and replies that begin alike."""
    difference = found.difference
    return difference.name or difference.what[:30], str(difference.redis)[:10], str(difference.larder)[:10]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="how many streams")
    parser.add_argument("--commands", type=int, default=5000, metavar="M", help="how many commands in each")
    parser.add_argument("--first", type=int, default=os.environ.get("LARDER_SEED"), metavar="SEED",
                        help="the first seed, the others follow; default: LARDER_SEED, or a new one")
    parser.add_argument("--all", action="store_true", help="Larder must have every command")
    parser.add_argument("--without", nargs="+", default=[], metavar="COMMAND",
                        help="commands not to send, as if Larder lacked them: for looking beyond a known difference")
    options = parser.parse_args()
    campaign.without |= set(options.without)
    first = secrets.randbelow(1 << 32) if options.first is None else int(options.first)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and clean up
    print(f"LARDER_SEED={first}", flush=True)
    lacks = lacking()
    if lacks:
        print(f"not sent, since Larder lacks them: {' '.join(lacks)}", flush=True)
    kinds, different, started = collections.Counter(), 0, time.monotonic()
    for at, seed in enumerate(range(first, first + options.seeds), 1):
        found = play_seed(seed, options.commands)
        begin = f"{at} of {options.seeds}, {time.monotonic() - started:.0f} s: "
        if found is None:
            print(f"{begin}seed {seed}, the same", flush=True)
            continue
        different += 1
        kinds[kind_of(found)] += 1
        if kinds[kind_of(found)] == 1:
            print(f"{begin}{found}\n", flush=True)
        else:
            print(f"{begin}seed {seed} differs as an earlier one does: {found.difference.what}", flush=True)
    print(f"{different} of {options.seeds} streams differ, in {len(kinds)} ways")
    return 1 if different or (options.all and lacks) else 0


if __name__ == "__main__":
    sys.exit(main())
