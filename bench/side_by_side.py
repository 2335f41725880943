#!/usr/bin/python3
"""What a request costs: Larder over each event loop, Debian's Redis and memcached, and responders that do nothing.

The servers have one core and one worker or thread, larder-bench another core. All are started and filled in each round, and left
alone for some seconds, in which Larder gathers huge pages; then, in each shape, one after the other is asked, so that neighbours in
time are compared. Processor time is the server's own, user and system, over all its threads. A responder (bench/null_responder.cc)
parses nothing and answers a constant: what the kernel takes for the same bytes. A ratio is one of medians; in brackets the smallest
and the largest of the rounds' own.

With --tls, each server with TLS beside itself without, in two shapes.

Prints Markdown: every figure, the targets, the two workers, and the cross-check with redis-benchmark and memcaslap. Takes about
20 minutes for 5 rounds of 3 seconds.
"""

import argparse
import contextlib
import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import contestants  # first: it makes the modules of tests/e2e known
from certificates import Authority
from contestants import on_cores
from programs import BIN
from svg_plot import write_bars

LARGE_KEYS = 2000
SETTLE_S = 4


@dataclasses.dataclass(frozen=True)
class Shape:
    name: str
    options: tuple
    value_size: int = 64
    values: int = 1  # in a reply
    stores: bool = False


SHAPES = [
    Shape("GET, 50 connections", ("--connections", "50")),
    Shape("GET, 500 connections", ("--connections", "500")),
    Shape("GET, 50 connections, pipeline 16", ("--connections", "50", "--pipeline", "16")),
    Shape("SET, 50 connections, pipeline 16", ("--connections", "50", "--pipeline", "16", "--reads", "0"), stores=True),
    Shape("MGET of 100, 50 connections", ("--connections", "50", "--keys-per-read", "100"), values=100),
    Shape("GET of 100 KB, 50 connections", ("--connections", "50"), value_size=100 * 1024),
]
LARDERS = ["io_uring", "epoll"]
SERVERS = ["Larder, io_uring", "Larder, epoll", "Redis", "memcached", "null, io_uring", "null, epoll"]

# (shape, whose, beside whom, at most so many times as much)
TARGETS = [
    *((SHAPES[i].name, "Larder, io_uring", other, most) for i in (0, 1) for other, most in (("null, io_uring", 1.15), ("Redis", 0.80))),
    *((SHAPES[i].name, "Larder, epoll", other, most) for i in (0, 1) for other, most in (("null, epoll", 1.15), ("Redis", 0.85))),
    *((SHAPES[2].name, f"Larder, {loop}", other, most) for loop in LARDERS
      for other, most in ((f"null, {loop}", 1.5), ("memcached", 0.7), ("Redis", 0.4))),
    *((SHAPES[3].name, f"Larder, {loop}", "Redis", 0.5) for loop in LARDERS),
    *((SHAPES[4].name, f"Larder, {loop}", "Redis", 0.4) for loop in LARDERS),
    *((SHAPES[5].name, f"Larder, {loop}", "Redis", 0.9) for loop in LARDERS),
]

# (shape, at most so many times the processor time that it takes without TLS)
TLS_TARGETS = [(SHAPES[0], 1.6), (SHAPES[2], 1.5)]


@dataclasses.dataclass
class Figure:
    """Of one server, one shape, one round."""

    cost_us: float  # processor time for a request
    per_s: float
    p50_us: float
    p99_us: float
    p999_us: float


def progress(words):
    print(f"\r{words:<78}", end="", file=sys.stderr, flush=True)


def load(url, keys, value_size, *options, cores=(1,)):
    command = [BIN / "larder-bench", url, "--keys", str(keys), "--value-size", f"{value_size}b", "--json", *map(str, options)]
    told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=on_cores(*cores), text=True)
    if told.returncode != 0:
        sys.exit(f"larder-bench: {told.stderr}")
    return json.loads(told.stdout)


def measure(server, shape, keys, seconds, *options, cores=(1,)):
    before = server.processor_s()
    time_option = ("--duration", f"{round(seconds * 1000)}ms")
    told = load(server.url, keys, shape.value_size, *time_option, *server.options, *shape.options, *options, cores=cores)
    cost_us = (server.processor_s() - before) / told["replied"] * 1e6
    # Once in some dozens of fills a group of Larder's index is full, and a few items of a million are evicted for it.
    if told["misses"] > told["replied"] * shape.values / 10_000:
        sys.exit(f"{shape.name}: {told['misses']} keys are not there")
    latency = told["latency_us"]["all"]
    return Figure(cost_us, told["requests_per_s"], latency["p50"], latency["p99"], latency["p99.9"])


def fill(server, keys, value_size):
    return load(server.url, keys, value_size, "--fill", "--requests", "0", *server.options)


def run_round(keys, seconds, settle_s, shapes, say, figures, resident):
    with contextlib.ExitStack() as stack:
        start = {f"Larder, {loop}": lambda loop=loop: contestants.larder(loop) for loop in LARDERS}
        start |= {"Redis": contestants.redis, "memcached": contestants.memcached}
        running = {}
        for name, begin in start.items():
            say(f"filling {name}")
            running[name] = stack.enter_context(begin())
            fill(running[name], keys, 64)
            resident.setdefault(name, []).append(running[name].resident_mib())
        time.sleep(settle_s)
        for shape in shapes:
            is_large = shape.value_size != 64
            for name in SERVERS:
                say(f"{shape.name}: {name}")
                if name in running:
                    if is_large:
                        fill(running[name], min(keys, LARGE_KEYS), shape.value_size)
                    figure = measure(running[name], shape, min(keys, LARGE_KEYS) if is_large else keys, seconds)
                elif shape.stores:
                    continue  # it would take a value's bytes for requests, and answer with values
                else:
                    with contestants.null(name.split()[-1], shape.value_size, shape.values) as server:
                        if shape == shapes[0]:
                            resident.setdefault(name, []).append(server.resident_mib())
                        figure = measure(server, shape, min(keys, LARGE_KEYS) if is_large else keys, seconds)
                figures.setdefault((shape.name, name), []).append(figure)


def ratio(ours, theirs):
    """Of medians, and the smallest and the largest of the rounds' own. None where one was not measured."""
    if not ours or not theirs:
        return None
    each = [one / its for one, its in zip(ours, theirs)]
    return statistics.median(ours) / statistics.median(theirs), min(each), max(each)


def ratio_of(figures, shape, name, other, field="cost_us"):
    return ratio(*([getattr(figure, field) for figure in figures.get((shape, who), [])] for who in (name, other)))


def ratio_text(found):
    return "" if found is None else "{:.2f} ({:.2f} to {:.2f})".format(*found)


def spread_text(values, digits=0):
    return "{1:,.{0}f} ({2:,.{0}f} to {3:,.{0}f})".format(digits, statistics.median(values), min(values), max(values))


def row(*cells):
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def heading(*cells):
    row(*cells)
    row(*["---"] + ["---:"] * (len(cells) - 1))


def print_figures(figures, shapes):
    for shape in shapes:
        measured = [name for name in SERVERS if (shape.name, name) in figures]
        print(f"\n### {shape.name}\n")
        heading("server", "CPU us a request", "of its null", "of Redis", "of memcached")
        for name in measured:
            own_null = f"null, {name.split()[-1]}" if name.startswith("Larder") else ""
            others = [ratio_text(ratio_of(figures, shape.name, name, other)) if name != other else "" for other in (own_null, "Redis", "memcached")]
            row(name, spread_text([figure.cost_us for figure in figures[shape.name, name]], 2), *others)
        print()
        heading("server", *(cell for title in ("requests/s", "p50 us", "p99 us", "p99.9 us") for cell in (title, "of Redis")))
        for name in measured:
            cells = [name]
            for field in ("per_s", "p50_us", "p99_us", "p999_us"):
                cells.append(spread_text([getattr(figure, field) for figure in figures[shape.name, name]]))
                cells.append(ratio_text(ratio_of(figures, shape.name, name, "Redis", field)) if name != "Redis" else "")
            row(*cells)


def print_targets(figures):
    print("\n### Targets\n")
    heading("shape", "whose", "beside", "at most", "measured", "")
    for shape, name, other, most in TARGETS:
        if found := ratio_of(figures, shape, name, other):
            row(shape, name, other, f"{most:.2f}", ratio_text(found), "met" if found[0] <= most else "missed")


def print_resident(resident, keys):
    print(f"\n### Resident memory with {keys:,} keys of 23 bytes and values of 64; responders have none\n")
    heading("server", "MiB", "of Redis")
    for name in SERVERS:
        if sizes := resident.get(name):
            row(name, spread_text(sizes), ratio_text(ratio(sizes, resident["Redis"])) if name != "Redis" else "")


def print_workers(rounds, keys, seconds, settle_s, say):
    """Two workers on both cores, and the load on both too: what the server had of them, and what it did with it."""
    print("\n### Two workers on two cores\n")
    heading("", "one worker: CPU us a request", "two workers: CPU us a request", "requests for each second of CPU, two beside one")
    for loop in LARDERS:
        for shape in (SHAPES[0], SHAPES[2]):
            costs = {1: [], 2: []}
            for number in range(rounds):
                for workers, all_costs in costs.items():
                    say(f"{workers} workers, {loop}, round {number + 1}")
                    with contestants.larder(loop, workers=workers, cores=(0, 1)) as server:
                        fill(server, keys, 64)
                        time.sleep(settle_s)
                        all_costs.append(measure(server, shape, keys, seconds, "--threads", "2", cores=(0, 1)).cost_us)
            one, two = (statistics.median(costs[workers]) for workers in (1, 2))
            row(f"{loop}, {shape.name}", f"{one:.2f} ({min(costs[1]):.2f} to {max(costs[1]):.2f})",
                f"{two:.2f} ({min(costs[2]):.2f} to {max(costs[2]):.2f})", f"{one / two:.2f}")


def redis_benchmark(server, requests, *options):
    port = server.url.rsplit(":", 1)[1]
    command = ["redis-benchmark", "-p", port, "-c", "50", "-d", "64", "-n", str(requests), "-q", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=on_cores(1))


def print_cross_check(keys, seconds, settle_s, say):
    """The same servers under other people's load: does a request cost what larder-bench says?"""
    print("\n### The same under other load generators, CPU us a request, one run\n")
    heading("server", "shape", "larder-bench", "redis-benchmark", "memcaslap")
    for name, start in [(f"Larder, {loop}", lambda loop=loop: contestants.larder(loop)) for loop in LARDERS] + [("Redis", contestants.redis)]:
        with start() as server:
            say(f"cross-check: {name}")
            few = max(keys // 10, 1)
            redis_benchmark(server, 5 * keys, "-t", "set", "-P", "16", "-r", str(few))
            fill(server, keys, 64)
            time.sleep(settle_s)
            for shape, pipeline in ((SHAPES[0], 1), (SHAPES[2], 16)):
                ours = measure(server, shape, keys, seconds)
                requests = int(ours.per_s * seconds)
                before = server.processor_s()
                redis_benchmark(server, requests, "-t", "get", "-P", str(pipeline), "-r", str(few))
                theirs_us = (server.processor_s() - before) / requests * 1e6
                row(name, shape.name, f"{ours.cost_us:.2f}", f"{theirs_us:.2f}", "")
    with contestants.memcached() as server, tempfile.TemporaryDirectory() as folder:
        say("cross-check: memcached")
        fill(server, keys, 64)
        ours = measure(server, SHAPES[0], keys, seconds)
        settings = pathlib.Path(folder, "memcaslap.cnf")
        settings.write_text("key\n23 23 1\nvalue\n64 64 1\ncmd\n0 0\n1 1\n", encoding="ascii")
        command = ["memcaslap", "-s", server.url.removeprefix("memcached://"), "-T", "1", "-c", "50", "-t", f"{max(round(seconds), 1)}s", "-F", str(settings)]
        before = server.processor_s()
        told = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=on_cores(1)).stdout
        spent_s = server.processor_s() - before
        count = int(told.rsplit("Ops:", 1)[1].split()[0])
        row("memcached", SHAPES[0].name, f"{ours.cost_us:.2f}", "", f"{spent_s / count * 1e6:.2f}")


def print_tls(rounds, keys, seconds, settle_s, names, say):
    """Each server with TLS beside itself without, in turns; both are there in each round, and filled."""
    servers = {f"Larder, {loop}": lambda tls, loop=loop: contestants.larder(loop, tls=tls) for loop in LARDERS}
    servers = {name: start for name, start in (servers | {"Redis": contestants.redis}).items() if name in names}
    figures, told = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(folder)
        tls = authority, authority.issue("server", "IP:127.0.0.1")
        for number in range(rounds):
            for name, start in servers.items():
                with start(None) as plain, start(tls) as secured:
                    for kind, server in (("plain", plain), ("TLS", secured)):
                        say(f"round {number + 1} of {rounds}: filling {name}, {kind}")
                        told.setdefault((name, kind), []).append(fill(server, keys, 64)["tls"])
                    time.sleep(settle_s)
                    for shape, _ in TLS_TARGETS:
                        for kind, server in (("plain", plain), ("TLS", secured)):
                            say(f"round {number + 1} of {rounds}: {shape.name}: {name}, {kind}")
                            figures.setdefault((shape.name, name, kind), []).append(measure(server, shape, keys, seconds))
    print("\n### TLS beside plain\n")
    heading("server", "shape", "plain: CPU us a request", "TLS: CPU us a request", "TLS of plain", "at most", "", "TLS: requests/s")
    for shape, most in TLS_TARGETS:
        for name in servers:
            plain, secured = (figures[shape.name, name, kind] for kind in ("plain", "TLS"))
            costs = [[figure.cost_us for figure in some] for some in (plain, secured)]
            found = ratio(costs[1], costs[0])
            verdict = ("met" if found[0] <= most else "missed") if name.startswith("Larder") else ""
            row(name, shape.name, *(spread_text(some, 2) for some in costs), ratio_text(found), f"{most:.2f}" if verdict else "", verdict,
                spread_text([figure.per_s for figure in secured]))
    print()
    heading("server", "version and cipher", "whole handshakes a second, one at a time")
    for name in servers:
        facts = told[name, "TLS"]
        row(name, f"{facts[0]['version']}, {facts[0]['cipher']}", spread_text([fact["handshakes_per_s"] for fact in facts]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=3, help="for each server, shape and round (%(default)s)")
    arguments.add_argument("--settle", type=float, default=SETTLE_S, metavar="SECONDS", help="after a fill (%(default)s)")
    arguments.add_argument("--keys", type=int, default=1_000_000)
    arguments.add_argument("--shapes", type=int, nargs="+", default=range(1, len(SHAPES) + 1), metavar="N",
                           help="; ".join(f"{number}: {shape.name}" for number, shape in enumerate(SHAPES, 1)))
    arguments.add_argument("--plot", type=pathlib.Path, metavar="FILE", help="draws what a request costs as an SVG file")
    arguments.add_argument("--only-rounds", action="store_true", help="neither two workers nor the cross-check")
    arguments.add_argument("--tls", action="store_true", help="TLS beside plain, of Larder over each event loop and of Redis, and nothing else")
    arguments.add_argument("--tls-servers", nargs="+", default=[*(f"Larder, {loop}" for loop in LARDERS), "Redis"], metavar="NAME",
                           help="whose TLS: %(default)s")
    given = arguments.parse_args()
    if given.tls:
        print_tls(given.rounds, given.keys, given.seconds, given.settle, given.tls_servers, progress)
        return
    shapes = [SHAPES[number - 1] for number in given.shapes]
    figures, resident = {}, {}
    for number in range(given.rounds):
        run_round(given.keys, given.seconds, given.settle, shapes, lambda words: progress(f"round {number + 1} of {given.rounds}: {words}"), figures, resident)
    progress("")
    print_figures(figures, shapes)
    print_targets(figures)
    print_resident(resident, given.keys)
    if given.plot:
        bars = {shape.name: {name: statistics.median(figure.cost_us for figure in figures[shape.name, name])
                             for name in SERVERS if (shape.name, name) in figures} for shape in shapes}
        write_bars(given.plot, bars, "CPU us a request")
    if not given.only_rounds:
        print_workers(given.rounds, given.keys, given.seconds, given.settle, progress)
        print_cross_check(given.keys, given.seconds, given.settle, progress)
    progress("")


if __name__ == "__main__":
    main()
