"""What every process of a soak run knows: of each key what was sent and acknowledged, of each driver what it has counted.

It lies in a file that all of them map. A key's row is written by its owner alone and read by everybody, without a lock: its first
field is odd while it is written, and has moved on if it was written during a read. An owner that is killed in the middle leaves it
odd; whoever takes its place calls mend().
"""

import mmap
import struct
import time
import typing

ROW = struct.Struct("<8Q")
SEQUENCE = struct.Struct("<Q")


class State(typing.NamedTuple):
    """What is known of a key. Versions count what was done to it, whatever it was: stores, deletes, deadlines."""

    sent: int = 0  # the last version that anybody can have seen
    settled: int = 0  # the last whose reply came; below `sent`: that one is under way, or its reply was lost
    lowest: int = 0  # the version of the last acknowledged store or delete: an older one is stale
    deadline_ns: int = 0  # of version `lowest`, by CLOCK_MONOTONIC, no earlier than the server's; 0: none, or not known
    restarted: int = 0  # 1: a counter that may have begun anew

    @property
    def is_in_doubt(self):
        return self.sent != self.settled


class Table:
    """The mapped file. Threads: any; a row is written by one at a time."""

    def __init__(self, path, key_count, counter_count, create=False):
        size = key_count * ROW.size + counter_count * SEQUENCE.size
        with open(path, "w+b" if create else "r+b") as file:
            if create:
                file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        self._counters_at = key_count * ROW.size

    def read(self, key) -> State:
        """A row as it was at one moment between call and return."""
        at = key * ROW.size
        while True:
            sequence, *fields, _, _ = ROW.unpack_from(self._map, at)
            if sequence % 2 == 0 and SEQUENCE.unpack_from(self._map, at)[0] == sequence:
                return State(*fields)
            time.sleep(0)  # its writer is another thread

    def write(self, key, state: State):
        at = key * ROW.size
        (sequence,) = SEQUENCE.unpack_from(self._map, at)
        SEQUENCE.pack_into(self._map, at, sequence + 1)
        ROW.pack_into(self._map, at, sequence + 1, *state, 0, 0)
        SEQUENCE.pack_into(self._map, at, sequence + 2)

    def mend(self, key):
        """Ends the write that a killed owner was in the middle of: nothing of it was acknowledged to anybody."""
        at = key * ROW.size
        sequence, *fields, _, _ = ROW.unpack_from(self._map, at)
        if sequence % 2:
            ROW.pack_into(self._map, at, sequence, *State(*fields)._replace(deadline_ns=0, restarted=1), 0, 0)
            SEQUENCE.pack_into(self._map, at, sequence + 1)

    def add(self, counter, amount=1):
        """Adds to a counter, which one thread alone does at a time."""
        at = self._counters_at + counter * SEQUENCE.size
        SEQUENCE.pack_into(self._map, at, SEQUENCE.unpack_from(self._map, at)[0] + amount)

    def raise_to(self, counter, amount):
        """The same for a counter that keeps the most."""
        self.add(counter, max(0, amount - self.counter(counter)))

    def counter(self, counter):
        return SEQUENCE.unpack_from(self._map, self._counters_at + counter * SEQUENCE.size)[0]
