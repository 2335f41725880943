"""The report of a soak run: a page with figures, and a plot beside it."""

import datetime
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import verdict  # noqa: E402
from fault_proxy import FAULTS  # noqa: E402
from settings import DUTIES, MISDEEDS, PROTOCOLS  # noqa: E402
from svg_plot import write_plot  # noqa: E402  (of bench)

MIB = 1 << 20
SHOWN_VIOLATIONS = 20


def processor():
    found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii"))
    return found.group(1).strip() if found else platform.machine()


def commit():
    git = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return git.stdout.strip() or "unknown"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return lines + ["| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row) + " |" for row in rows]


def requests_table(stands):
    rows = []
    for name in PROTOCOLS:
        of = lambda what, name=name: sum(stand.count(name, what) for stand in stands)  # noqa: E731
        rows.append([name, *(of(what) for what in ("requests", "writes", "hits", "misses", "refused", "connections", "lost"))])
    rows.append(["together", *(sum(row[column] for row in rows) for column in range(1, len(rows[0])))])
    return table(["protocol", "requests", "of them writes", "values read", "misses", "refused", "connections", "lost"], rows)


def fault_counts(stands):
    """What was done to connections, and how often."""
    counts = {f"proxy: {name}": sum(stand.proxy_counts.get(name, 0) for stand in stands) for name in FAULTS if name != "none"}
    for misdeed in MISDEEDS:
        counts[f"client: {misdeed}"] = sum(stand.count(name, misdeed) for stand in stands for name in PROTOCOLS)
    for duty in DUTIES:
        counts[f"administrator: {duty.replace('_', ' ')}"] = sum(stand.duties()[duty] for stand in stands)
    for stand in stands:
        for renewal, count in stand.renewals().items():
            counts[name] = counts.get(name := f"renewal: {renewal}", 0) + count
    counts["client process killed"] = sum(stand.kills for stand in stands)
    return counts


def server_table(stands):
    rows = []
    for stand in stands:
        most = max(sample.descriptor_count for sample in stand.samples)
        medians = [f"{verdict.median_resident(stand.samples, quarter) / MIB:.1f}" for quarter in (1, 3)]
        growth = verdict.trend(stand.samples)
        rows.append([stand.name, *medians, f"{verdict.growth_bound(stand.samples) / MIB:.1f}",
                     f"{growth.likely / MIB:.1f}", "-" if math.isinf(growth.sure) else f"{max(0, growth.sure) / MIB:.1f}",
                     f"{growth.allowed / MIB:.1f}",
                     f"{max(sample.resident_size for sample in stand.samples) / MIB:.1f}",
                     f"{stand.at_start.descriptor_count}, {most}, {stand.at_end.descriptor_count}",
                     f"{stand.at_start.thread_count}, {stand.at_end.thread_count}",
                     int(stand.stats.get("evictions", 0)), int(stand.stats.get("expired", 0))])
    return table(["event loop", "resident MiB, second quarter", "last quarter", "allowed",
                  "trend since the first quarter, MiB", "of that sure", "allowed", "peak",
                  "descriptors before, at most, after", "threads before, after", "evicted", "expired"], rows)


def plot(path, stands):
    lines = {}
    for stand in stands:
        lines[f"{stand.name}: MiB"] = thinned(stand.samples, lambda sample: sample.resident_size / MIB)
        lines[f"{stand.name}: descriptors"] = thinned(stand.samples, lambda sample: sample.descriptor_count)
        lines[f"{stand.name}: 100 requests/s"] = rates(stand.samples)
    in_minutes = {name: [(at_s / 60, value) for at_s, value in points] for name, points in lines.items()}
    write_plot(path, in_minutes, {}, [], "minutes", "resident memory in MiB, descriptors, hundreds of requests a second")


def thinned(samples, of, points=240):
    """The median of `of` over each of so many parts of the run: what a line of the plot can show."""
    step = math.ceil(len(samples) / points)
    parts = [samples[at : at + step] for at in range(0, len(samples), step)]
    return [(part[-1].at_s, statistics.median(map(of, part))) for part in parts]


def rates(samples, points=60):
    """Hundreds of requests a second, over `points` parts of the run."""
    step = max(1, len(samples) // points)
    edges = samples[::step]
    return [(later.at_s, (later.request_count - sooner.request_count) / (later.at_s - sooner.at_s) / 100)
            for sooner, later in zip(edges, edges[1:], strict=False)]


def violation_lines(found, seed):
    """A readable list of the first ones."""
    lines = [f"{stand} {v.at}: {v.sort}: key {v.key} over {v.protocol}: read {v.read}; allowed: {v.allowed}; seed {seed}"
             for stand, v in found[:SHOWN_VIOLATIONS]]
    if len(found) > SHOWN_VIOLATIONS:
        lines.append(f"and {len(found) - SHOWN_VIOLATIONS} more")
    return lines


def write_report(path, stands, run, failures):
    """`run`: how it was run (soak.Run); `failures`: sentences, empty if all is well. The plot has the page's name, as SVG."""
    plot_path = path.with_suffix(".svg")
    plot(plot_path, stands)
    latest_ms = max(stand.count(name, "latest_us") for stand in stands for name in PROTOCOLS) / 1000
    median_rate = statistics.median(rate for stand in stands for _, rate in rates(stand.samples)) * 100
    page = [
        "# An hour of abuse" if run.minutes >= 60 else "# A while of abuse",
        "",
        f"{run.cores} cores of {processor()}, Linux {platform.release().split('-')[0]}; {datetime.date.today()}, commit {commit()}.",
        "",
        f"    {run.command}",
        "",
        f"{run.minutes:g} minutes, seed {run.seed}. What is done, and what would be seen, is told in [tests/soak](TESTS).",
        "",
        "**" + ("All held." if not failures else f"{len(failures)} things did not hold.") + "**",
        "",
        *(f"- {failure}" for failure in failures),
        *([""] if failures else []),
        *requests_table(stands),
        "",
        f"Each server answered {median_rate:,.0f} requests a second in the median. No value was seen by a read that was sent "
        f"more than {latest_ms:.0f} ms after its deadline, counted from the reply that acknowledged it.",
        "",
        *table(["meanwhile", "times"], fault_counts(stands).items()),
        "",
        *server_table(stands),
        "",
        f"![resident memory, descriptors and requests a second]({plot_path.name})",
    ]
    tests = os.path.relpath(ROOT / "tests/soak/README.md", path.resolve().parent)
    path.write_text("\n".join(page).replace("(TESTS)", f"({tests})") + "\n", encoding="utf-8")
