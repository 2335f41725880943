"""What must hold of the server at the end of a run, from what was measured. Each function lists what does not, as sentences.

Resident memory goes up and down by ten MiB and more from one second to the next, with the values that are on their way and the
memory limit that an administrator moves. Two rules, since neither sees what the other does:

    a jump     the median of the last quarter against that of the second. Sees much at any time, and nothing slow.
    a trend    the slope over all but the first quarter. Sees 20 MiB an hour in an hour, and no jump.

The trend is Theil and Sen's: cut the time into parts, take the median of each, and of all pairs of parts the slopes. The median slope
is likely. Of the sorted slopes one so far below it that noise gets there in one run of two thousand is sure (Kendall's distribution),
and that one is judged: what a short run cannot tell it does not claim. Source: Sen, "Estimates of the regression coefficient based on
Kendall's tau", 1968.
"""

import itertools
import math
import re
import statistics
import typing

# A jump: a share of what was there before, and bytes for values that happen to be on their way.
GROWTH_SHARE = 0.03
GROWTH_SIZE = 16 << 20

# A trend, over three quarters of the run: what a heap may still spread.
TREND_SHARE = 0.02
TREND_SIZE = 4 << 20
PART_COUNT_MAX = 24
PART_S_MIN = 10  # what is further apart than that has nothing to do with each other
DEVIATIONS = 3.3


def quarter(samples, number):
    """The samples of the run's quarter 0 to 3."""
    end_s = samples[-1].at_s
    return [sample for sample in samples if number / 4 <= sample.at_s / end_s <= (number + 1) / 4]


def median_resident(samples, number):
    return statistics.median(sample.resident_size for sample in quarter(samples, number))


def growth_bound(samples):
    """What the median of the last quarter may be, in bytes."""
    return median_resident(samples, 1) * (1 + GROWTH_SHARE) + GROWTH_SIZE


class Trend(typing.NamedTuple):
    """By how much resident memory has grown since the end of the first quarter, in bytes, but for noise."""

    likely: float
    sure: float
    allowed: float


def trend(samples):
    """Of samples over less than a minute or so nothing is sure."""
    end_s = samples[-1].at_s
    part_count = max(2, min(PART_COUNT_MAX, int(end_s * 3 / 4 / PART_S_MIN)))
    parts = [[] for _ in range(part_count)]
    for sample in samples:
        if (number := math.floor((sample.at_s / end_s * 4 - 1) / 3 * part_count)) >= 0:
            parts[min(number, part_count - 1)].append(sample.resident_size)
    medians = [(number / part_count, statistics.median(part)) for number, part in enumerate(parts) if part]
    slopes = sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in itertools.combinations(medians, 2))
    count = len(medians)
    spread = DEVIATIONS * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    rank = math.floor((len(slopes) - spread) / 2)
    return Trend(statistics.median(slopes), slopes[rank] if rank >= 0 else -math.inf,
                 median_resident(samples, 1) * TREND_SHARE + TREND_SIZE)


def of_memory(samples):
    late, bound, growth = median_resident(samples, 3), growth_bound(samples), trend(samples)
    failures = []
    if late > bound:
        sooner = median_resident(samples, 1)
        failures.append(f"resident memory grows: {late / 2**20:.1f} MiB in the last quarter, {sooner / 2**20:.1f} MiB in the second; "
                        f"{bound / 2**20:.1f} MiB are allowed")
    if growth.sure > growth.allowed:
        failures.append(f"resident memory grows all the while: by {growth.likely / 2**20:.1f} MiB since the first quarter, surely by "
                        f"{growth.sure / 2**20:.1f}; {growth.allowed / 2**20:.1f} MiB are allowed")
    return failures


def of_leaks(at_start, at_end):
    """Both samples are of a server without connections."""
    failures = []
    for name, what in (("descriptor_count", "descriptors"), ("thread_count", "threads")):
        before, after = getattr(at_start, name), getattr(at_end, name)
        if after != before:
            failures.append(f"{what}: {before} before the first client, {after} after the last")
    return failures


# Of clients that stop reading, of who monitors others' megabytes, of handshakes that a fault falls into, and where everybody is
# root this is to be expected.
EXPECTED = (r"\S+ warning (connections closed because others waited while their buffers took most of --buffer-memory |"
            r"TLS with (\S+|somebody who has gone) failed: |runs as root, )")


# A pair that does not fit (renewal.py).
BAD_PAIR = re.compile(r"\S+ error TLS: .*; new connections get what was there before")


def of_log(text, bad_pair_count=0):
    """What the server said that is neither plain news nor to be expected. Of each bad pair it must tell, once."""
    strange = [line for line in text.splitlines() if not re.match(rf"\S+ (info|debug) |{EXPECTED}", line)]
    told = [line for line in strange if BAD_PAIR.fullmatch(line)]
    failures = [f"the server's log: {line}" for line in strange if line not in told]
    if len(told) != bad_pair_count:
        failures.append(f"the server's log: {bad_pair_count} bad pairs were put there, and {len(told)} are told of: {told[-3:]}")
    return failures


def of_coverage(counts):
    """`counts`: what was to happen, and how often it did. A run without it shows nothing."""
    return [f"{what} never happened" for what, count in counts.items() if not count]
