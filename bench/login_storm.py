#!/usr/bin/python3
"""What wrong passwords at a rate do to who is logged in: the latencies of his GETs, quiet and while a thousand a second arrive.

Starts larder-server on every core, with as many workers, and a file of users with passwords as --hash-password makes them.
larder-bench, logged in, on one core, sends GETs at a fixed rate over ten connections, whatever the server does; a latency counts
from when its request was due. A process on the other core sends the wrong passwords, due at fixed intervals too: from one address of
loopback or from a thousand, over RESP or in HTTP's Authorization. As many requests without a password are the yardstick: they are
refused at once, so what they do to others is what that many requests and their sender do. Twice a second somebody comes from an
address where nobody guesses, with the right password of a user who was not there before, and again once he is in.

In each round each storm has a new server, which is filled, left alone for some seconds, and measured quiet first. A ratio is the
median of the rounds' own; in brackets the smallest and the largest. What others on the machine had of its cores is told, too: where
that is more than next to nothing, p99 is theirs, and --others-max has such a storm measured again. Prints Markdown. Takes about
10 minutes for 5 rounds of 5 seconds.
"""

import argparse
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from contestants import CORES, on_cores  # first: it makes the modules of tests/e2e known

from crowd import Crowd, connect  # noqa: E402
from programs import BIN, Program  # noqa: E402
from side_by_side import SETTLE_S, heading, progress, row, spread_text  # noqa: E402
from storm import addresses, guess_at_rate  # noqa: E402

PASSWORD = "right"
MOST = 2.0
VISITS_PER_S = 2


@dataclasses.dataclass(frozen=True)
class Storm:
    name: str
    scheme: str
    host_count: int = 1
    with_password: bool = True


STORMS = [
    Storm("RESP, no password", "resp", with_password=False),
    Storm("RESP, one address", "resp"),
    Storm("RESP, 1,000 addresses", "resp", 1000),
    Storm("HTTP, no password", "http", with_password=False),
    Storm("HTTP, one address", "http"),
    Storm("HTTP, 1,000 addresses", "http", 1000),
]


@dataclasses.dataclass
class Figures:
    """Of some seconds: latencies in microseconds, what the server's threads had of a processor, and visits in seconds."""

    latency: dict
    overdue: int  # GETs that were due and not sent at the end
    others_cpu: float  # share of a core, and so are the next
    logins_cpu: float
    workers_cpu: float
    first: list  # logins of who was not there before; None: he was not in at the end
    again: list
    guesses: dict = dataclasses.field(default_factory=dict)


def write_users(folder, count):
    """root, and so many visitors; one hash does for all, since nobody compares them."""
    hashed = subprocess.run([BIN / "larder-server", "--hash-password"], input=PASSWORD + "\n", stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
    path = pathlib.Path(folder, "users.toml")
    names = ["root", *(f"visitor{number}" for number in range(count))]
    sections = [f'[user.{name}]\npassword = "{hashed}"\nrights = ["read", "write"]\n' for name in names]
    path.write_text("".join(sections), encoding="utf-8")
    path.chmod(0o600)
    return path


def log_in(address, host, name, give_up_at):
    """How long it took, connecting included; None: it was not done by then."""
    started = time.monotonic()
    with contextlib.suppress(TimeoutError), contextlib.closing(connect(address, host)) as connection:
        connection.settimeout(max(0.01, give_up_at - started))
        connection.sendall(f"AUTH {name} {PASSWORD}\r\n".encode())
        answer = connection.recv(4096)
        assert answer == b"+OK\r\n", answer
        return time.monotonic() - started
    return None


class Visits(threading.Thread):
    """One after the other at a rate, each in a thread of its own: nobody waits for who came before."""

    def __init__(self, address, numbers, seconds):
        super().__init__()
        self.address, self.numbers = address, numbers
        self.give_up_at = time.monotonic() + seconds + 1
        self.first, self.again = [], []

    def visit(self, number):
        host = addresses(number + 1, net=2)[-1]
        took = log_in(self.address, host, f"visitor{number}", self.give_up_at)
        self.first.append(took)
        if took is not None:
            self.again.append(log_in(self.address, host, f"visitor{number}", self.give_up_at))

    def run(self):
        started = time.monotonic()
        visits = []
        for turn, number in enumerate(self.numbers):
            time.sleep(max(0.0, started + turn / VISITS_PER_S - time.monotonic()))
            visits.append(threading.Thread(target=self.visit, args=(number,)))
            visits[-1].start()
        for visit in visits:
            visit.join()


def threads_s(pid):
    """Seconds of a processor that the thread of low priority, where passwords are tried, and all others have had."""
    logins = others = 0.0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        used = int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        if os.getpriority(os.PRIO_PROCESS, int(task.name)) >= 10:
            logins += used
        else:
            others += used
    return logins, others


def others_s():
    """Seconds of a processor that everybody has had but this session: this program and what it has started."""
    tick = os.sysconf("SC_CLK_TCK")
    words = pathlib.Path("/proc/stat").read_text(encoding="ascii").split("\n", maxsplit=1)[0].split()[1:]
    busy = sum(int(words[index]) for index in (0, 1, 2, 5, 6))  # user, nice, system, irq, softirq
    own = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(fields[3]) == os.getsid(0):
                own += int(fields[11]) + int(fields[12])  # user, system
                if int(process.name) == os.getpid():
                    own += int(fields[13]) + int(fields[14])  # of those that have ended
    return (busy - own) / tick


def load(url, keys, *options):
    command = [BIN / "larder-bench", url, "--user", "root", "--keys", str(keys), "--json", *map(str, options)]
    told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=on_cores(1), text=True, check=False,
                          env={**os.environ, "LARDER_BENCH_PASSWORD": PASSWORD})
    if told.returncode != 0:
        sys.exit(f"larder-bench: {told.stderr}")
    return json.loads(told.stdout)


def measure(server, given, first_visitor):
    address = server.address("resp")
    visits = Visits(address, range(first_visitor, first_visitor + round(given.seconds * VISITS_PER_S)), given.seconds)
    visits.start()
    before, others, began = threads_s(server.process.pid), others_s(), time.monotonic()
    told = load(address.url, given.keys, "--connections", 10, "--pipeline", 100, "--rate", given.get_rate,
                "--duration", f"{round(given.seconds * 1000)}ms")
    after, others, took = threads_s(server.process.pid), others_s() - others, time.monotonic() - began
    visits.join()
    if told["misses"]:
        sys.exit(f"{told['misses']} keys are not there")
    shares = [(used - had) / took for used, had in zip(after, before)]
    return Figures(told["latency_us"]["all"], told["overdue"], others / took, *shares, visits.first, visits.again)


def run_storm(storm, given, users):
    """A new server, quiet and in the storm."""
    listeners = ["--listen", "resp://127.0.0.1:0", "--listen", "http://127.0.0.1:0"]
    server = Program("larder-server", [*listeners, "--users", users, "--memory", "256mb", *given.server_option]).wait_until_ready()
    try:
        load(server.address("resp").url, given.keys, "--fill", "--requests", "0")
        time.sleep(given.settle)
        quiet = measure(server, given, 0)
        seconds = given.before + given.seconds + 2
        hosts, options = addresses(storm.host_count), {"with_password": storm.with_password, "core": CORES[0]}
        with Crowd(guess_at_rate, server.address(storm.scheme), hosts, given.rate, seconds, options) as crowd:
            crowd.begin()
            time.sleep(given.before)
            stormy = measure(server, given, round(given.seconds * VISITS_PER_S))
            stormy.guesses = {"seconds": seconds, **crowd.end()}
            crowd.step()
    finally:
        server.kill()
    return quiet, stormy


def ratio_text(pairs, field):
    each = [stormy.latency[field] / quiet.latency[field] for quiet, stormy in pairs]
    return statistics.median(each), spread_text(each, 2)


def print_latencies(found, given):
    for field in ("p50", "p99", "p99.9"):
        print(f"\n### {field} of GETs, microseconds\n")
        heading("meanwhile", "quiet", f"{given.rate:,} a second", "times its usual", *(("at most", "") if field == "p99" else ()))
        for storm, pairs in found.items():
            median, text = ratio_text(pairs, field)
            verdict = (f"{MOST:.2f}", "met" if median <= MOST else "missed") if storm.with_password else ("", "")
            row(storm.name, *(spread_text([pair[which].latency[field] for pair in pairs]) for which in (0, 1)), text,
                *(verdict if field == "p99" else ()))
    if overdue := sum(figures.overdue for pairs in found.values() for pair in pairs for figures in pair):
        print(f"\n{overdue:,} GETs were due and not sent when their time was over; they are in no figure.")


def print_guesses(found):
    print("\n### What the wrong passwords got, all rounds together\n")
    heading("", "sent a second", "refused", "too many wait", "no answer yet", "connections", "not sent",
            "trying passwords: share of a core", "all else of the server", "others on the machine, and while quiet")
    for storm, pairs in found.items():
        stormy = [pair[1] for pair in pairs]
        total = {key: sum(one.guesses[key] for one in stormy) for key in stormy[0].guesses}
        if total["strange"] or total["closed"]:
            sys.exit(f"{storm.name}: {total}")
        row(storm.name, f"{total['sent'] / total['seconds']:,.0f}", *(f"{count:,}" for count in (
            total["wrong"] + total["asked"], total["crowded"], total["waiting"], total["connections"], total["unsent"])),
            *(f"{statistics.median(shares):.2f}" for shares in zip(*((one.logins_cpu, one.workers_cpu) for one in stormy))),
            ", ".join(f"{statistics.median(pair[which].others_cpu for pair in pairs):.2f}" for which in (1, 0)))


def milliseconds(times):
    done = [took * 1e3 for took in times if took is not None]
    return spread_text(done, 1) if done else ""


def print_visits(found):
    print("\n### What who has the right password waits, milliseconds\n")
    heading("meanwhile", "the first time", "not in at the end", "again")
    quiet = [pair[0] for pairs in found.values() for pair in pairs]
    for name, some in [("nothing", quiet), *((storm.name, [pair[1] for pair in pairs]) for storm, pairs in found.items())]:
        first, again = ([took for one in some for took in getattr(one, field)] for field in ("first", "again"))
        row(name, milliseconds(first), f"{first.count(None)} of {len(first)}", milliseconds(again))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="quiet, and in each storm (%(default)s)")
    parser.add_argument("--before", type=float, default=2, metavar="SECONDS", help="of a storm before it is measured (%(default)s)")
    parser.add_argument("--rate", type=int, default=1000, help="wrong passwords a second (%(default)s)")
    parser.add_argument("--get-rate", type=int, default=2000, help="GETs a second (%(default)s)")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--settle", type=float, default=SETTLE_S, metavar="SECONDS", help="after a fill (%(default)s)")
    parser.add_argument("--server-option", action="append", default=[], metavar="OPTION",
                        help="one more word for larder-server, as --server-option=--pin")
    parser.add_argument("--others-max", type=float, default=math.inf, metavar="SHARE",
                        help="of a core that others may have had; what was measured beside more is measured again")
    parser.add_argument("--storms", type=int, nargs="+", default=range(1, len(STORMS) + 1), metavar="N",
                        help="; ".join(f"{number}: {storm.name}" for number, storm in enumerate(STORMS, 1)))
    given = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        users = write_users(folder, 2 * round(given.seconds * VISITS_PER_S))
        for number in range(given.rounds):
            for storm in (STORMS[index - 1] for index in given.storms):
                progress(f"round {number + 1} of {given.rounds}: {storm.name}")
                pair = run_storm(storm, given, users)
                while max(figures.others_cpu for figures in pair) > given.others_max:
                    progress(f"round {number + 1} of {given.rounds}: {storm.name}, again")
                    pair = run_storm(storm, given, users)
                found.setdefault(storm, []).append(pair)
    progress("")
    print_latencies(found, given)
    print_guesses(found)
    print_visits(found)


if __name__ == "__main__":
    main()
