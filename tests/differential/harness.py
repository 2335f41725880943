"""Sends steps to both servers, compares what they say, and makes a failing run short."""

import collections
import contextlib
import dataclasses
import time

from intended import INTENDED
from streams import Step, name_of
from wire import PATIENCE_S, Incomplete, NoReply, parse, request
import commands
import servers


@dataclasses.dataclass
class Difference:
    """Two replies that should have been the same."""

    step: int
    what: str
    redis: object
    larder: object
    name: str = ""

    def __str__(self):
        return f"{self.what}\n  Redis:  {shown(self.redis)}\n  Larder: {shown(self.larder)}"


def shown(reply):
    text = repr(reply)
    return text if len(text) < 1500 else f"{text[:1000]} ... {text[-200:]} ({len(text)})"


class Judge:
    """Says whether two replies are the same, or differ as they may, and counts which entries that took."""

    def __init__(self, entries=None):
        self.entries = INTENDED if entries is None else entries
        self.uses = collections.Counter()

    def agree(self, name, words, one, other, is_after_frame=False):
        """`one` and `other` are replies taken apart, or for a frame what agree_on_frame() has."""
        if one == other:
            return True
        for entry in self.entries:
            is_asked = entry.is_about(name) and (is_after_frame or not entry.after_frame)
            if is_asked and entry.allows(words, one, other):
                self.uses[entry] += 1
                return True
        return False

    def agree_on(self, words, one, other, kept, is_after_frame):
        """For replies as they came. `kept`: the commands that an EXEC answers for. `is_after_frame`: one that ended
        otherwise."""
        if one == other:
            return True
        try:
            (a, _), (b, _) = parse(one), parse(other)
        except (Incomplete, NoReply):
            return False
        is_exec = name_of(words) == "exec" and a.kind == b.kind == "*" and isinstance(a.value, list)
        if is_exec and isinstance(b.value, list) and len(a.value) == len(b.value) == len(kept):
            return all(
                x == y or self.agree(name_of(each), each, x, y, is_after_frame) for each, x, y in zip(kept, a.value, b.value)
            )
        return self.agree(name_of(words), words, a, b, is_after_frame)

    def agree_on_frame(self, data, one, other):
        """`one` and `other` are all bytes that came, and whether the connection ended then."""
        if one == other:
            return True
        try:
            ours, theirs = all_replies(other[0]), all_replies(one[0])
        except (Incomplete, NoReply):
            ours = theirs = []
        if one[1] == other[1] and theirs and len(theirs) == len(ours):
            if all(self.agree("", (data,), a, b) for a, b in zip(theirs, ours)):
                return True
        return self.agree("frame", (data,), one, other)


def all_replies(data):
    found, at = [], 0
    while at < len(data):
        reply, at = parse(data, at)
        found.append(reply)
    return found


class Side:
    """One server as a run sees it."""

    def __init__(self, server):
        self.server = server
        self.connections = {}
        self.ids = {}

    def connection(self, number):
        if number not in self.connections:
            connection = self.connections[number] = self.server.connect()
            replies = connection.exchange(request([b"CLIENT", b"ID"]), 1)
            self.ids[b"{id %d}" % number] = replies[0][1:-2] if replies else b""
        return self.connections[number]

    def drop(self, number):
        self.connections.pop(number).close()

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()


class Run:
    """Steps on a pair of fresh servers."""

    def __init__(self, pair, judge, patience=PATIENCE_S):
        self.redis, self.larder = self.sides = [Side(server) for server in pair]
        self.judge = judge
        self.patience = patience
        self.kept = collections.defaultdict(list)  # by connection: what MULTI keeps

    def close(self):
        for side in self.sides:
            side.close()

    def play(self, steps):
        """The first difference, or None."""
        try:
            # All connect before the first step: a script may name any of them.
            for number in sorted({step.connection for step in steps}):
                self.connect(number)
            at = 0
            while at < len(steps):
                end = at + 1
                while end < len(steps) and steps[end - 1].joined and self.goes_with(steps[end - 1], steps[end]):
                    end += 1
                if difference := self.one(at, steps[at:end]):
                    return difference
                at = end
            return self.compare_all(len(steps))
        finally:
            self.close()

    @staticmethod
    def goes_with(step, following):
        return step.connection == following.connection and following.kind in ("command", "silent")

    def connect(self, number):
        for side in self.sides:
            side.connection(number)

    def drop(self, number):
        for side in self.sides:
            side.drop(number)
        self.kept[number].clear()

    def one(self, at, steps):
        if steps[0].kind == "frame":
            return self.frame(at, steps[0])
        if steps[0].kind == "scan":
            return self.scan(at, steps[0])
        return self.exchange(at, steps)

    def exchange(self, at, steps):
        number = steps[0].connection
        self.connect(number)
        asked = [(at + i, words) for i, step in enumerate(steps) for words in step.commands]
        said = []
        for side in self.sides:
            data = b"".join(step.bytes_for(side.ids) for step in steps)
            said.append(side.connection(number).exchange(data, len(asked), self.patience))
        redis, larder = said
        for i, (index, words) in enumerate(asked):
            one = redis[i] if i < len(redis) else self.end_of(self.redis, number)
            other = larder[i] if i < len(larder) else self.end_of(self.larder, number)
            if isinstance(one, str) or isinstance(other, str):
                if one != other or one == "silent":
                    return Difference(index, str(steps[index - at]), one, other, name_of(words))
                break
            if not self.judge.agree_on(words, one, other, self.kept[number], self.larder.server.ended_frame_otherwise):
                return Difference(index, str(steps[index - at]), one, other, name_of(words))
            self.follow(number, words, one)
        return self.see_ends(at + len(steps) - 1, steps[-1], number)

    def end_of(self, side, number):
        return "closed" if side.connection(number).is_closed else "silent"

    def see_ends(self, at, step, number):
        """Where Redis has closed, Larder must too. QUIT is answered before it closes."""
        redis = self.redis.connection(number)
        if step.names()[-1] == "client|kill":
            redis.look_for_end()
        if not redis.is_closed and step.names()[-1] != "quit":
            return None
        one, other = (side.connection(number).read_to_end(self.patience) for side in self.sides)
        if one != other:
            return Difference(at, f"{step}: then, and whether it closed", one, other)
        self.drop(number)
        return None

    def follow(self, number, words, reply):
        """Keeps the books on MULTI, by what Redis says."""
        name = name_of(words)
        if reply == b"+QUEUED\r\n":
            self.kept[number].append(words)
        elif name in ("exec", "discard", "reset", "quit") and not reply.startswith(b"-ERR"):
            self.kept[number].clear()

    def frame(self, at, step):
        """All that is said until both have closed. Two PINGs behind it show whether the connection went on."""
        number = step.connection
        self.connect(number)
        said = []
        for side in self.sides:
            connection = side.connection(number)
            connection.exchange(step.data + commands.PING * 2, 0, self.patience)
            if not step.must_end:
                connection.finish_sending()
            said.append(connection.read_to_end(self.patience))
        self.drop(number)
        if not self.judge.agree_on_frame(step.data, *said):
            return Difference(at, str(step), *said)
        self.larder.server.ended_frame_otherwise |= said[0] != said[1]
        return None

    def scan(self, at, step):
        """The same keys, wherever the pages end."""
        found = []
        for side in self.sides:
            connection = side.connection(step.connection)
            cursor, keys, pages = b"0", set(), 0
            while pages == 0 or cursor != b"0":
                replies = connection.exchange(request([b"SCAN", cursor, *step.commands[0]]), 1, self.patience)
                if not replies or not replies[0].startswith(b"*2"):
                    keys = replies[:1]
                    break
                cursor, page = (part.value for part in parse(replies[0])[0].value)
                keys |= {key.value for key in page}
                pages += 1
                assert pages < 10_000, f"{step} does not end at {side.server.name}"
            found.append(sorted(keys))
        return Difference(at, f"SCAN to the end: {step}", *found) if found[0] != found[1] else None

    def compare_all(self, at):
        """What is stored at the end, key by key."""
        names = commands.KEYS + commands.KINDS["long-key"]
        asked = [(b"AUTH", password) for password in commands.PASSWORDS]
        for database in range(16):
            asked.append((b"SELECT", b"%d" % database))
            asked.append((b"DBSIZE",))
            for key in names:
                asked += [(b"GET", key), (b"PTTL", key)]
        for start in range(0, len(asked), 100):
            steps = [Step("command", 0, (words,), joined=True) for words in asked[start : start + 100]]
            if difference := self.exchange(at, steps):
                difference.step = at
                difference.what = f"at the end, {difference.what}"
                return difference
        return None


@contextlib.contextmanager
def fresh_pair():
    with servers.both() as pair:
        yield pair


def play(steps, judge, pair_of=fresh_pair, patience=PATIENCE_S):
    with pair_of() as pair:
        return Run(pair, judge, patience).play(steps)


def shrink(steps, difference, pair_of=fresh_pair, seconds=30):
    """The shortest steps found that still differ, and their difference. First the tail goes, then halves, quarters, ...
    down to single steps, as long as any difference is left."""
    until = time.monotonic() + seconds
    best, found = steps[: difference.step + 1], difference

    def attempt(shorter):
        nonlocal best, found
        again = play(shorter, Judge(), pair_of, patience=2)
        if again is None:
            return False
        best, found = shorter[: again.step + 1], again
        return True

    attempt([dataclasses.replace(step, joined=False) for step in best])
    size = max(1, len(best) // 2)
    while size and time.monotonic() < until:
        at, any_gone = 0, False
        while at < len(best) and time.monotonic() < until:
            if attempt(best[:at] + best[at + size :]):
                any_gone = True
            else:
                at += size
        size = size if any_gone and size == 1 else size // 2
    return best, found
