"""Whether two sets of times can be told apart.

The rank test of Mann and Whitney: how often a time of the one is longer than one of the other. It asks nothing of the shape of
the times, and a few that took very long weigh no more than others. Who takes the samples in turns, in an order drawn anew for each
turn, has the machine's bad moments in both.
"""

import math
import random
import statistics
import time

# How likely two sets are called different that are not.
ALPHA = 1e-6


def likelihood_of_same(ones, others):
    """That sets of the same distribution are at least as different as these (two-sided, normal approximation: from 20 each on)."""
    ranked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    rank_sum = 0.0
    start = 0
    while start < len(ranked):  # equal ones share their ranks' mean
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        rank_sum += sum(1 for _, which in ranked[start:end] if which == 0) * (start + 1 + end) / 2
        start = end
    n, m = len(ones), len(others)
    u = rank_sum - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def sample(actions, count, seed):
    """How long each of `actions` took, `count` times, by name; each round in an order of its own."""
    rng = random.Random(seed)
    times = {name: [] for name in actions}
    for _ in range(count):
        for name in rng.sample(sorted(actions), len(actions)):
            started = time.perf_counter()
            actions[name]()
            times[name].append(time.perf_counter() - started)
    return times


def told_apart(times, reference):
    """The names whose times are not those of `reference`, each with a sentence about it."""
    usual = times[reference]
    found = {}
    for name, own in times.items():
        if (likelihood := likelihood_of_same(usual, own)) < ALPHA:
            medians = [f"{statistics.median(some) * 1e3:.3f} ms" for some in (own, usual)]
            found[name] = f"{medians[0]} beside {medians[1]}, by chance with a likelihood of {likelihood:.0e}"
    return found
