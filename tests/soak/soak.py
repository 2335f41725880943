"""What script/soak runs: a server over each event loop, clients of every protocol, faults, and the verdict.

Exit status: 0 if all held, 1 if something did not, 2 if the run could not be made as asked.
"""

import argparse
import os
import pathlib
import random
import shlex
import signal
import sys
import tempfile
import time
import typing

import verdict
from access import Access
from report import SHOWN_VIOLATIONS, fault_counts, violation_lines, write_report
from settings import PROTOCOLS
from stand import Stand

from programs import BIN, refusal_of_event_loop  # of tests/e2e, found by stand.py

SERVER = BIN / "larder-server"
ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENT_LOOPS = ("io_uring", "epoll")
KILL_EVERY_S = 12
SAMPLE_EVERY_S = 1


class Run(typing.NamedTuple):
    """How it was asked for."""

    minutes: float
    seed: int
    command: str
    cores: int


def options():
    parser = argparse.ArgumentParser(prog="script/soak", description="See the head of script/soak.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--report", type=pathlib.Path, default=ROOT / "docs/bench/soak.md")
    parser.add_argument("--event-loop", choices=EVENT_LOOPS, action="append")
    parser.add_argument("--without-tls", action="store_true")
    parser.add_argument("--without-users", action="store_true")
    parser.add_argument("server_options", nargs="*", metavar="SERVER OPTION")
    return parser.parse_args()


def watch(stands, run, rng):
    """Until the time is over, a server is gone, or enough was found. Kills clients meanwhile, and shows what goes on."""
    started = time.monotonic()
    end = started + run.minutes * 60
    next_kill = started + KILL_EVERY_S / 2
    while (now := time.monotonic()) < end:
        for stand in stands:
            if not stand.server.is_running:
                return
            stand.take_sample()
        if now >= next_kill and now + KILL_EVERY_S / 2 < end:
            rng.choice(stands).kill_a_worker()
            next_kill = now + KILL_EVERY_S / len(stands)
        show(stands, now - started, run)
        if sum(stand.violation_count for stand in stands) > SHOWN_VIOLATIONS:
            return
        time.sleep(SAMPLE_EVERY_S)


def show(stands, elapsed_s, run):
    parts = [f"{stand.name}: {stand.samples[-1].request_count:,} requests, {stand.samples[-1].resident_size >> 20} MiB, "
             f"{stand.samples[-1].descriptor_count} descriptors" for stand in stands]
    violations = sum(stand.violation_count for stand in stands)
    if not sys.stderr.isatty() and int(elapsed_s) % 10:
        return
    line = f"{elapsed_s / 60:5.1f} of {run.minutes:g} minutes; " + "; ".join(parts) + f"; {violations} violations"
    print(f"\r{line:<150}" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def finish(stand):
    """Stops a stand, and says what did not hold."""
    failures = stand.stop_clients()
    if not stand.server.is_running:
        return [*failures, f"{stand.name}: the server ended with status {stand.server.wait()}:\n{stand.server.stderr[-3000:]}"]
    stand.at_end = stand.settle()
    failures += verdict.of_leaks(stand.at_start, stand.at_end)
    stand.stats = stand.read_stats()
    try:
        stand.server.stop()
    except AssertionError as error:
        failures.append(str(error))
    failures += verdict.of_memory(stand.samples) + verdict.of_log(stand.server.stderr, stand.renewals().get("bad pair", 0))
    return [failure if failure.startswith(stand.name) else f"{stand.name}: {failure}" for failure in failures]


def soak(stands, run):
    """Runs it. What did not hold, as sentences."""
    print(f"seed {run.seed}", file=sys.stderr)
    watch(stands, run, random.Random(run.seed))
    failures = []
    for stand in stands:
        failures += finish(stand)
    found = [(stand.name, violation) for stand in stands for violation in stand.violations()]
    happened = {f"{name}: {what}": sum(stand.count(name, what) for stand in stands)
                for name in PROTOCOLS for what in ("hits", "misses", "writes")}
    return violation_lines(found, run.seed) + failures + verdict.of_coverage({**happened, **fault_counts(stands)})


def main():
    asked = options()
    seed = random.randrange(1 << 32) if asked.seed is None else asked.seed
    run = Run(asked.minutes, seed, shlex.join(["script/soak", *sys.argv[1:]]), len(os.sched_getaffinity(0)))
    event_loops = []
    for name in asked.event_loop or EVENT_LOOPS:
        if refusal := refusal_of_event_loop(name):
            print(f"not over {name}: {refusal}", file=sys.stderr)
        else:
            event_loops.append(name)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # by way of every `finally`
    with tempfile.TemporaryDirectory(prefix="larder-soak-") as folder:
        stands = []
        try:
            try:
                for name in event_loops:
                    own_folder = pathlib.Path(folder) / name
                    own_folder.mkdir()
                    access = Access(SERVER, own_folder, not asked.without_tls, not asked.without_users)
                    stands.append(Stand(name, seed, own_folder, access, asked.server_options))
            except AssertionError as why:  # a server that does not start has said why
                print(f"script/soak: {why}", file=sys.stderr)
                return 2
            failures = soak(stands, run)
            if all(hasattr(stand, "stats") for stand in stands):
                write_report(asked.report, stands, run, failures)
        finally:
            for stand in stands:
                stand.close()
    print("", *(failures or [f"all held; the report is {asked.report}"]), sep="\n", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
