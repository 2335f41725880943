"""What a read may show: the one place that decides whether a reply was a lie.

A key has one writer, who says before each request which version it makes, and after each reply which version is acknowledged
(table.py). A reader looks at that twice: before it sends, and after the reply came.

    before.lowest <= what is read <= after.sent        or nothing at all: a cache may forget

Not older: at the time of the request an acknowledged write, or a delete, had replaced it. Not newer: nobody had sent it. And not
later than its deadline: the server gave it one when it had the request, so before the reply came; a read that was sent after that
must miss. `SLACK_NS` is for the server, whose loop reads the clock once a turn, and stands on a core that others want too.

A write whose reply was lost may still happen, later than writes that are sent after it on another connection: its bytes wait
somewhere. So its owner leaves the key alone for as long as they may (driver.py), and until then both are right.
"""

import typing

import keyspace
import values
from table import State

SLACK_NS = 100_000_000


class Violation(typing.NamedTuple):
    """Something that must not be."""

    sort: str  # in a word or two
    key: int  # -1: about no key
    protocol: str
    read: str
    allowed: str
    at: str = ""  # when it was found, as the server's log says it


class Look(typing.NamedTuple):
    """What was known before a read was sent."""

    key: int
    before: State
    sent_ns: int


def _seen(key, data):
    if keyspace.kind(key) is keyspace.Kind.COUNTER:
        return values.read_counter(key, data)
    return values.read_records(key, data)


class Judgement(typing.NamedTuple):
    """What is to be said of a reply."""

    violation: Violation | None
    late_ns: int = 0  # how long after its deadline a value was asked for, and came; 0: in time, or nobody can tell


def judge(look: Look, after: State, data, protocol):
    """What is to be said of this reply: bytes, or None for a miss."""
    if data is None:
        return Judgement(None)
    before, key = look.before, look.key
    allowed = f"versions {before.lowest} to {after.sent}, or none"

    def lie(sort, read):
        return Judgement(Violation(sort, key, protocol, read, allowed))

    try:
        seen = _seen(key, data)
    except values.Torn as why:
        return lie("torn", str(why))
    except values.WrongKey as why:
        return lie("wrong key", str(why))
    read = f"version {seen.version}, {seen.size} bytes"
    if seen.restarted:
        # Between an INCRBY that found nothing and the store that mends it, nobody can tell more.
        if before.restarted or after.restarted or before != after:
            return Judgement(None)
        return lie("counter", f"{seen.version}, as if it had begun anew")
    if seen.version < before.lowest:
        return lie("stale", read)
    if seen.version > after.sent:
        return lie("future", read)
    deadlines_ns = [state.deadline_ns for state in (before, after) if state.lowest == seen.version and state.deadline_ns]
    late_ns = max(0, *(look.sent_ns - deadline_ns for deadline_ns in deadlines_ns)) if deadlines_ns else 0
    if late_ns > SLACK_NS:
        return lie("expired", f"{read}, {late_ns / 1e6:.0f} ms after its deadline")
    return Judgement(None, late_ns)


def judge_twins(looks, datas, protocol):
    """What is wrong with both halves of a pair that one step has read, or None: if both are there they are of one version."""
    one, *others = (look.key for look in looks)
    if keyspace.kind(one) is not keyspace.Kind.TWIN or others != [keyspace.twin(one)] or None in datas:
        return None
    try:
        version, beside = (_seen(look.key, data).version for look, data in zip(looks, datas, strict=True))
    except (values.Torn, values.WrongKey):
        return None  # judge() says so
    if version == beside:
        return None
    return Violation("half a step", one, protocol, f"version {version} beside version {beside} of key {others[0]}",
                     "one version of both: they are only ever stored together")
