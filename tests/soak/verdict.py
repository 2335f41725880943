"""What must hold of the server at the end of a run, from what was measured. Each function lists what does not, as sentences."""

import re
import statistics

# By how much the median of resident memory in the last quarter may be above that of the second: a share of that, and bytes for
# values that happen to be on their way. In an hour a leak of ten bytes a request is more than that.
GROWTH_SHARE = 0.03
GROWTH_SIZE = 16 << 20


def quarter(samples, number):
    """The samples of the run's quarter 0 to 3."""
    end_s = samples[-1].at_s
    return [sample for sample in samples if number / 4 <= sample.at_s / end_s <= (number + 1) / 4]


def median_resident(samples, number):
    return statistics.median(sample.resident_size for sample in quarter(samples, number))


def growth_bound(samples):
    """What the median of the last quarter may be, in bytes."""
    return median_resident(samples, 1) * (1 + GROWTH_SHARE) + GROWTH_SIZE


def of_memory(samples):
    late, bound = median_resident(samples, 3), growth_bound(samples)
    if late <= bound:
        return []
    sooner = median_resident(samples, 1)
    return [f"resident memory grows: {late / 2**20:.1f} MiB in the last quarter, {sooner / 2**20:.1f} MiB in the second; "
            f"{bound / 2**20:.1f} MiB are allowed"]


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
