#!/usr/bin/python3
"""How many requests of a trace a server misses, beside simulations of the same trace.

Each trace is replayed by larder-replay against a larder-server of one shard, as a look-aside client does.

    by count    objects of one size, --items-max at 5 % and at 20 % of the distinct ids. The yardstick is S3-FIFO by objects as
                larder-replay simulates it; the target is within 1 % of its misses.
    by memory   --memory 16mb, values of 200 bytes on average; with --redis also Debian's redis-server with allkeys-lru and
                allkeys-lfu. The target on OLTP is 0.240.

Prints tables in Markdown. Ends with 1 if a trace by count misses more than 1 % more than its yardstick.
"""

import argparse
import pathlib
import re
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from programs import BIN, Program  # noqa: E402

SHARES = (5, 20)
ANY_MEMORY = "1gb"
EXCESS_MAX = 0.01


def replay(*arguments):
    return subprocess.run(
        [BIN / "larder-replay", *map(str, arguments)], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout


def simulated(trace):
    """S3-FIFO's miss ratio for each share, and how many objects the share is."""
    text = replay(trace, "--policy", "s3fifo", "--size", ",".join(f"{share}%" for share in SHARES))
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    return [(int(count), float(ratio)) for count, ratio in zip(rows["objects"], rows["s3fifo"], strict=True)]


def measured(trace, url, *options):
    text = replay(trace, "--server", url, *options)
    found = dict(re.findall(r"^(\S[\S ]*?) {2,}(\S+)$", text, re.MULTILINE))
    assert found["wrong"] == "0", text
    return int(found["misses"]) / int(found["requests"])


def with_larder(trace, server_options, *options):
    server = Program("larder-server", ("--listen", "resp://127.0.0.1:0", "--shards", "1", *server_options)).wait_until_ready()
    try:
        return measured(trace, server.address("resp"), *options)
    finally:
        server.stop()


def with_redis(trace, policy, *options):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--maxmemory", "16mb", "--maxmemory-policy", policy]
        + ["--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with socket.socket() as peer:
                if peer.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        return measured(trace, f"resp://127.0.0.1:{port}", *options)
    finally:
        server.terminate()
        server.wait()


def name_of(trace):
    return pathlib.Path(trace).name.split(".")[0]


def by_count(traces):
    """Prints a row for each trace and share; true if all are within the target."""
    is_met = True
    print("| trace, share | s3fifo, simulated | larder | its misses against the yardstick's |\n| --- | --- | --- | --- |")
    for trace in traces:
        for share, (count, yardstick) in zip(SHARES, simulated(trace), strict=True):
            ratio = with_larder(trace, ("--memory", ANY_MEMORY, "--items-max", count), "--value-size", 100)
            excess = ratio / yardstick - 1
            is_met = is_met and excess <= EXCESS_MAX
            print(f"| {name_of(trace)} {share} % | {yardstick:.4f} | {ratio:.4f} | {100 * excess:+.2f} % |", flush=True)
    return is_met


def by_memory(traces, redis):
    rows = [(name, ("--policy", name)) for name in ("s3fifo", "clock", "fifo")] + [("lru", ("--backend", "lru"))]
    columns = [f"larder {name}" for name, _ in rows] + (["redis allkeys-lru", "redis allkeys-lfu"] if redis else [])
    print("\n| trace, 16 MiB | " + " | ".join(columns) + " |\n|" + " --- |" * (len(columns) + 1))
    for trace in traces:
        ratios = [with_larder(trace, ("--memory", "16mb", *options), "--value-mean", 200) for _, options in rows]
        if redis:
            ratios += [with_redis(trace, policy, "--value-mean", 200) for policy in ("allkeys-lru", "allkeys-lfu")]
        print(f"| {name_of(trace)} | " + " | ".join(f"{ratio:.4f}" for ratio in ratios) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", nargs="*", default=sorted((ROOT / "tests/traces").glob("*.zst")), metavar="TRACE")
    parser.add_argument("--memory-traces", nargs="*", default=[], metavar="TRACE", help="replayed by memory, too")
    parser.add_argument("--redis", action="store_true", help="Debian's redis-server beside it")
    options = parser.parse_args()
    is_met = by_count(options.traces)
    if options.memory_traces:
        by_memory(options.memory_traces, options.redis)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
