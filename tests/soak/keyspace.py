"""Which keys there are, what lies under each, and who writes it.

Each driver (driver.py) owns `KEYS_EACH` keys in a row and alone writes them, so that a key's versions have one order. Everybody
reads all. Together they are several times --memory, so that items leave all the time.
"""

import enum
import random

KEYS_EACH = 1024


class Kind(enum.Enum):
    """What is under a key; it never changes."""

    LARGE = "large"  # megabytes
    MEDIUM = "medium"  # tens to hundreds of kilobytes: both sides of what is sent from where it lies
    COUNTER = "counter"  # a number
    LOG = "log"  # grows by APPEND
    TWIN = "twin"  # half of a pair that is always written and deleted in one step
    SMALL = "small"


# How many of a driver's keys are of each kind, in this order, and how often one is drawn; the rest is SMALL.
LAYOUT = [(Kind.LARGE, 5), (Kind.MEDIUM, 59), (Kind.COUNTER, 64), (Kind.LOG, 64), (Kind.TWIN, 64), (Kind.SMALL, KEYS_EACH - 256)]
DRAWN = {Kind.LARGE: 3, Kind.MEDIUM: 7, Kind.COUNTER: 10, Kind.LOG: 10, Kind.TWIN: 15, Kind.SMALL: 55}
FIRST = {kind: sum(count for _, count in LAYOUT[:index]) for index, (kind, _) in enumerate(LAYOUT)}
COUNT = dict(LAYOUT)

# Of record bodies, in bytes; drawn by their logarithm.
SIZES = {
    Kind.LARGE: (1 << 20, 4 << 20),
    Kind.MEDIUM: (8 << 10, 300 << 10),
    Kind.LOG: (1, 2000),
    Kind.TWIN: (1, 1000),
    Kind.SMALL: (1, 4000),
}


def name(key):
    """The key as it is sent."""
    return b"soak:%d" % key


def kind(key):
    place = key % KEYS_EACH
    return next(kind for kind, count in LAYOUT if place < FIRST[kind] + count)


def is_binary(key):
    """Whether its records hold any byte: JSON and lines do not carry those."""
    return kind(key) in (Kind.LARGE, Kind.MEDIUM, Kind.SMALL) and key % 4 == 1


def draw(rng: random.Random, driver, kinds=tuple(Kind)):
    """A key of this driver, of one of these kinds."""
    chosen = rng.choices(kinds, [DRAWN[kind] for kind in kinds])[0]
    # The power prefers some: those are read while they are there; the others come back after they have left.
    place = int(rng.random() ** 3 * COUNT[chosen])
    return driver * KEYS_EACH + FIRST[chosen] + place


def twin(key):
    """The other half of its pair."""
    return key ^ 1


def draw_size(rng: random.Random, of):
    low, high = SIZES[of]
    return int(low * (high / low) ** rng.random())
