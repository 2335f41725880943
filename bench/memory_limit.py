#!/usr/bin/python3
"""Whether the memory limit is the process's limit, and how much of it is put to use.

Starts larder-server with each back end it knows and writes many times its limit: values of 1 byte to 8 MiB, their sizes spread
evenly over the powers of two, in phases that take turns:

    mixed    new keys, overwrites of any other size, short deadlines, deletes
    resize   overwrites only: each grows or shrinks a value
    expire   new keys that live for 20 ms to a second
    delete   half of what is there is deleted first; then new keys and deletes
    small    new keys and overwrites, values of 1 byte to 1 KiB

Meanwhile the server's resident memory is sampled from /proc every few milliseconds, and its figure of connection buffers, if it
has one, from INFO; at the end the kernel's own high-water mark is read. The script knows what it stored, overwrote, deleted and
what has expired: when the server reports its first eviction, it adds up what was still alive (key, value and 24 bytes each).
That is done in the run itself, and once more in a server of its own with small values only.
"""

import argparse
import collections
import heapq
import math
import os
import pathlib
import random
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

from memory_per_item import backend_names  # noqa: E402
from programs import Program, resident_size  # noqa: E402
from svg_plot import write_plot  # noqa: E402

MIB = 1 << 20
KEY_SIZE = 20
OVERHEAD_SIZE = 24
SMALL_VALUE_SIZE_MAX = 1024
SAMPLE_EVERY_S = 0.003
ASK_EVERY_S = 0.02
BATCH_SIZE = MIB
BATCH_COUNT = 500
PLOT_POINTS = 1500


def size_of(text):
    number, unit = re.fullmatch(r"(\d+)(b|kb|mb|gb)", text).groups()
    return int(number) << {"b": 0, "kb": 10, "mb": 20, "gb": 30}[unit]


class Model:
    """What is alive by all that this script knows; evictions it does not know of."""

    def __init__(self):
        self.live_size = 0
        self._sizes = collections.OrderedDict()  # a dict whose first keys are removed again and again is slow to find its first
        self._keys = []  # in no order, to pick from
        self._places = {}
        self._deadlines = []

    def __len__(self):
        return len(self._keys)

    def store(self, key, value_size, deadline):
        self.remove(key)
        self._sizes[key] = (KEY_SIZE + value_size + OVERHEAD_SIZE, deadline)
        self._places[key] = len(self._keys)
        self._keys.append(key)
        self.live_size += self._sizes[key][0]
        if deadline is not None:
            heapq.heappush(self._deadlines, (deadline, key))

    def remove(self, key):
        if key not in self._sizes:
            return
        self.live_size -= self._sizes.pop(key)[0]
        place, last = self._places.pop(key), self._keys.pop()
        if last != key:
            self._keys[place] = last
            self._places[last] = place

    def expire(self, now):
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, key = heapq.heappop(self._deadlines)
            if self._sizes.get(key, (0, None))[1] == deadline:
                self.remove(key)

    def pick(self, draw):
        return self._keys[draw.randrange(len(self._keys))]

    def forget_beyond(self, size):
        """What a cache of this size has surely evicted is of no more use to overwrite: forgets the oldest."""
        while self.live_size > size:
            self.remove(next(iter(self._sizes)))


class Watcher:
    """Samples the server from two threads. `progress` is set by whoever drives it and is kept with each sample."""

    def __init__(self, program):
        self.pid = program.process.pid
        self.progress = 0.0
        self.phase = ""
        self.samples = []  # (progress, bytes)
        self.highest = (0, 0, "")  # bytes, at which progress, in which phase
        self.highest_beyond_buffers = 0
        self.buffer_size = None  # None: the server has no such figure
        self.buffer_size_max = 0
        self._peer = program.peer("resp")
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._sample, daemon=True), threading.Thread(target=self._ask, daemon=True)]
        for thread in self._threads:
            thread.start()

    def _sample(self):
        page_size = os.sysconf("SC_PAGE_SIZE")
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            while not self._stop.wait(SAMPLE_EVERY_S):
                statm.seek(0)
                size = int(statm.read().split()[1]) * page_size
                self.samples.append((self.progress, size))
                if size > self.highest[0]:
                    self.highest = (size, self.progress, self.phase)
                self.highest_beyond_buffers = max(self.highest_beyond_buffers, size - (self.buffer_size or 0))

    def _ask(self):
        while not self._stop.wait(ASK_EVERY_S):
            found = re.search(r"larder_connection_buffer_size:(\d+)", info(self._peer, b"memory"))
            if found:
                self.buffer_size = int(found.group(1))
                self.buffer_size_max = max(self.buffer_size_max, self.buffer_size)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._peer.close()

    def high_water_mark(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def line(self, count):
        """The highest sample of each of `count` spans of the run."""
        spans = {}
        end = max(progress for progress, _ in self.samples) or 1
        for progress, size in self.samples:
            span = int(progress / end * count)
            spans[span] = max(spans.get(span, (0, 0)), (size, progress))
        return [(progress, size / MIB) for size, progress in spans.values()]


def info(peer, section):
    peer.send(b"INFO " + section + b"\r\n")
    size = int(peer.read_line()[1:])
    return peer.read(size + 2).decode()


class Driver:
    """Writes to one server."""

    def __init__(self, program, limit, value_size_max, seed):
        self.peer = program.peer("resp")
        self.limit = limit
        self.value_size_max = value_size_max
        self.draw = random.Random(seed)
        self.model = Model()
        self.bytes = self.draw.randbytes(value_size_max)
        self.written = self.stored = self.refused = self.key_count = 0
        self.live_at_first_eviction = None
        self._parts = []
        self._effects = []  # (key, value size or None for a delete, deadline)
        self._batched = 0

    # Requests

    def _new_key(self):
        self.key_count += 1
        return b"key:%016d" % self.key_count

    def _known_key(self):
        return self.model.pick(self.draw) if len(self.model) else self._new_key()

    def _any_size(self, size_max):
        """From 1, each power of two as likely as any other."""
        return min(int(math.exp(self.draw.uniform(0, math.log(size_max + 1)))), size_max)

    def _set(self, key, value_size, lifetime_ms=None):
        words = [key, self.bytes[:value_size]]
        if lifetime_ms is not None:
            words += [b"PX", b"%d" % lifetime_ms]
        self._parts.append(b"*%d\r\n$3\r\nSET\r\n" % (1 + len(words)) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        self._effects.append((key, value_size, None if lifetime_ms is None else time.time() + lifetime_ms / 1000))
        self._batched += KEY_SIZE + value_size

    def _delete(self, key):
        self._parts.append(b"*2\r\n$3\r\nDEL\r\n$%d\r\n%s\r\n" % (len(key), key))
        self._effects.append((key, None, None))

    def _send(self):
        """What was gathered, in one pipeline; then the model learns what became of it."""
        self.model.expire(time.time())
        live_before = self.model.live_size
        self.peer.send(b"".join(self._parts))
        for key, value_size, deadline in self._effects:
            reply = self.peer.read_line()
            if value_size is None:
                assert reply[:1] == b":", reply
                self.model.remove(key)
            elif reply == b"+OK":
                self.stored += 1
                self.written += KEY_SIZE + value_size
                self.model.store(key, value_size, deadline)
            else:  # too large for its shard: nothing is left under the key
                assert reply[:1] == b"-", reply
                self.refused += 1
                self.model.remove(key)
        self._parts, self._effects, self._batched = [], [], 0
        if self.live_at_first_eviction is None:
            if int(re.search(r"evicted_keys:(\d+)", info(self.peer, b"stats")).group(1)) > 0:
                self.live_at_first_eviction = live_before / self.limit
        else:
            self.model.forget_beyond(self.limit)

    # Phases: each call adds one or two requests.

    def mixed(self):
        kind = self.draw.random()
        if kind < 0.6:
            self._set(self._new_key(), self._any_size(self.value_size_max))
        elif kind < 0.8:
            self._set(self._known_key(), self._any_size(self.value_size_max))
        elif kind < 0.9:
            self._set(self._new_key(), self._any_size(self.value_size_max), self.draw.randint(20, 1000))
        else:
            self._delete(self._known_key())

    def resize(self):
        self._set(self._known_key(), self._any_size(self.value_size_max))

    def expire(self):
        self._set(self._new_key(), self._any_size(self.value_size_max), self.draw.randint(20, 1000))

    def delete(self):
        self._set(self._new_key(), self._any_size(self.value_size_max))
        self._delete(self._known_key())

    def small(self):
        key = self._new_key() if self.draw.random() < 0.8 else self._known_key()
        self._set(key, self._any_size(min(SMALL_VALUE_SIZE_MAX, self.value_size_max)))

    def delete_half(self):
        for _ in range(len(self.model) // 2):
            self._delete(self._known_key())
            if len(self._effects) >= BATCH_COUNT:
                self._send()
        self._send()

    def run(self, phase, until):
        """Calls a phase until `until()`, asked after each batch."""
        while not until():
            phase()
            if self._batched >= BATCH_SIZE or len(self._effects) >= BATCH_COUNT:
                self._send()


def start(backend, given):
    return Program("larder-server", ("--listen", "resp://127.0.0.1:0", "--memory", given.memory, "--backend", backend,
                                     *given.server_option)).wait_until_ready()


def fill_with_small_values(backend, given):
    """The share of the limit that is alive when the first item is evicted."""
    server = start(backend, given)
    try:
        driver = Driver(server, size_of(given.memory), size_of(given.value_size_max), given.seed)
        driver.run(driver.small, lambda: driver.live_at_first_eviction is not None)
        driver.peer.close()
        return driver.live_at_first_eviction
    finally:
        server.stop()


def measure(backend, given):
    """Prints the figures of one back end; returns its line for the plot, and where the phases began."""
    limit = size_of(given.memory)
    allowed = limit * 1.01 + 16 * MIB
    small_share = fill_with_small_values(backend, given)
    server = start(backend, given)
    try:
        at_start = resident_size(server.process.pid)
        driver = Driver(server, limit, size_of(given.value_size_max), given.seed)
        watcher = Watcher(server)
        phases = [driver.mixed, driver.resize, driver.expire, driver.delete, driver.small]
        marks = []
        started = time.monotonic()
        for turn in range(given.times):
            phase = phases[turn % len(phases)]
            watcher.phase = phase.__name__
            marks.append((turn, phase.__name__))
            if phase == driver.delete:
                driver.delete_half()

            def is_done(end=(turn + 1) * limit):
                watcher.progress = driver.written / limit
                return driver.written >= end

            driver.run(phase, is_done)
            if sys.stderr.isatty():
                print(f"\r{backend}: {turn + 1} of {given.times}", end="", file=sys.stderr, flush=True)
        took = time.monotonic() - started
        peak = watcher.high_water_mark()
        watcher.stop()
        driver.peer.close()
    finally:
        server.stop()

    size, progress, phase = watcher.highest
    verdict = lambda met: "met" if met else "missed"  # noqa: E731
    share = lambda s: "     no item was evicted" if s is None else f"{s:8.1%}, at least 90 %: {verdict(s >= 0.9)}"  # noqa: E731
    buffers = "     no such figure" if watcher.buffer_size is None else f"{watcher.buffer_size_max / MIB:8.1f} MiB"
    print(f"""
{backend}, --memory {given.memory}, seed {given.seed}: {driver.written / MIB:.0f} MiB in {driver.stored} stores, {driver.refused} \
refused, {took:.0f} s
  resident at the start                       {at_start / MIB:8.1f} MiB
  highest resident, sampled {len(watcher.samples):>7} times      {size / MIB:8.1f} MiB, after {progress:.1f} limits, in "{phase}"
  highest resident, the kernel's mark         {peak / MIB:8.1f} MiB
  connection buffers, at most                 {buffers}
  highest resident less buffers at that time  {watcher.highest_beyond_buffers / MIB:8.1f} MiB
  allowed: the limit + 1 % + 16 MiB           {allowed / MIB:8.1f} MiB: {verdict(watcher.highest_beyond_buffers <= allowed)}
  alive at the first eviction, mixed sizes    {share(driver.live_at_first_eviction)}
  alive at the first eviction, small values   {share(small_share)}""", flush=True)
    return watcher.line(PLOT_POINTS), marks


def main():
    names = backend_names()
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--backend", nargs="+", choices=names, default=names, help="(all: %(default)s)")
    arguments.add_argument("--memory", default="256mb", help="the server's limit (%(default)s)")
    arguments.add_argument("--times", type=int, default=20, help="how many times the limit is written (%(default)s)")
    arguments.add_argument("--value-size-max", default="8mb", help="(%(default)s)")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--plot", type=pathlib.Path, metavar="FILE", help="draws resident memory over the run, as SVG")
    arguments.add_argument("server_option", nargs="*", metavar="-- SERVER OPTION", help="handed to larder-server")
    given = arguments.parse_args()

    sys.setswitchinterval(0.0005)  # the sampling threads are not to wait for the writing one
    lines = {}
    for backend in given.backend:
        lines[backend], marks = measure(backend, given)
    if given.plot:
        limit = size_of(given.memory) / MIB
        levels = {"the limit": limit, "+ 1 % + 16 MiB": limit * 1.01 + 16}
        write_plot(given.plot, lines, levels, marks, "written, in times the limit", "resident memory, MiB")


if __name__ == "__main__":
    main()
