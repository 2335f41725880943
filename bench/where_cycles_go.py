#!/usr/bin/python3
"""Where a request's cycles go, in each shape of side_by_side.py: kernel by what it was asked for, Larder by its rooms.

Needs perf (Debian's linux-perf), and the right to use it (root, or kernel.perf_event_paranoid at most 1). A sample is the kernel's if
its innermost frame is; which of send, receive or wait it belongs to follows from the frames around it. What the network stack does
for the other end of a loopback connection happens inside send.

Prints Markdown: percent of the server's samples. Takes about three minutes.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import contestants
from side_by_side import LARDERS, LARGE_KEYS, SETTLE_S, SHAPES, fill, heading, load, progress, row

KERNEL = [
    ("send", re.compile("sendmsg|sendto|io_send")),
    ("receive", re.compile("recvmsg|recvfrom|io_recv")),
    ("wait", re.compile("epoll_wait|ep_poll|cqring_wait|schedule")),
]
ROOMS = ["transport", "session", "protocol", "cache"]
COLUMNS = [*(f"kernel: {name}" for name, _ in KERNEL), "kernel: other", *ROOMS, "other"]


def column_of(frames):
    """`frames`: (function, object) from the innermost outwards."""
    if "kernel" in frames[0][1]:
        name = next((name for name, pattern in KERNEL if any(pattern.search(function) for function, _ in frames)), "other")
        return f"kernel: {name}"
    for function, _ in frames:  # what a library does is done for the room that called it
        for room in ROOMS:
            if f"larder::{room}::" in function:
                return room
    return "other"


def samples(data):
    """The frames of each sample."""
    text = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], capture_output=True, text=True, errors="replace", check=True).stdout
    for block in text.split("\n\n"):
        frames = [match.groups() for match in re.finditer(r"^\s*[0-9a-f]+ (.*) \((\S+)\)$", block, re.MULTILINE)]
        if frames:
            yield frames


def profile(server, shape, keys, seconds):
    """Samples by column."""
    with tempfile.TemporaryDirectory() as folder:
        data = str(pathlib.Path(folder, "perf.data"))
        recorder = subprocess.Popen(["perf", "record", "-q", "-F", "1999", "--call-graph", "fp", "-p", str(server.pid), "-o", data],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        load(server.url, keys, shape.value_size, "--duration", f"{seconds}s", *shape.options)
        recorder.terminate()
        recorder.wait()
        counts = dict.fromkeys(COLUMNS, 0)
        for frames in samples(data):
            counts[column_of(frames)] += 1
        return counts


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=4, help="for each loop and shape (%(default)s)")
    arguments.add_argument("--keys", type=int, default=1_000_000)
    given = arguments.parse_args()
    heading("shape", "loop", *COLUMNS, "samples")
    for loop in LARDERS:
        with contestants.larder(loop) as server:
            fill(server, given.keys, 64)
            time.sleep(SETTLE_S)
            for shape in SHAPES:
                progress(f"{loop}: {shape.name}")
                is_large = shape.value_size != 64
                keys = min(given.keys, LARGE_KEYS) if is_large else given.keys
                if is_large:
                    fill(server, keys, shape.value_size)
                counts = profile(server, shape, keys, given.seconds)
                total = sum(counts.values())
                if total == 0:
                    sys.exit("perf has taken no samples: may it?")
                row(shape.name, loop, *(f"{100 * counts[column] / total:.0f}" for column in COLUMNS), total)
    progress("")


if __name__ == "__main__":
    main()
