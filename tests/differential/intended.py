"""Where Larder means to answer otherwise than Redis 7.0.15, and why. Nothing else may differ.

An entry is asked only about replies that differ. One that no fixed stream and no script needs is a mistake, and the test
says so.
"""

import dataclasses
import os.path
import re
import typing

from commands import YEAR_2100
from introspection import pairs, same_count, same_docs, same_info, same_info_but_counts, same_list, same_memory, same_rows
from introspection import same_settings


@dataclasses.dataclass(frozen=True)
class Entry:
    commands: str  # names as COMMAND LIST has them; "frame" for what is no command; "*" for any command
    reason: str
    allows: typing.Callable  # (words, Redis' reply, Larder's reply): is that the difference meant?
    after_frame: bool = False  # only if a frame ended otherwise before: what it counts as differs

    def is_about(self, name):
        return name in self.commands.split() or (self.commands == "*" and name != "frame")


# What these compare are replies taken apart (wire.Reply); for frames, all bytes that came and whether it closed.


def same_deadline(words, one, other):
    """Within five seconds. A deadline beyond the year 2100 was given as such, and is exact."""
    if one.kind != ":" or other.kind != ":":
        return False
    theirs, ours = int(one.value), int(other.value)
    unit = 1000 if words[0].lower().startswith(b"p") else 1
    is_exact = words[0].lower().endswith(b"expiretime") and theirs >= YEAR_2100 * unit
    return theirs > 0 and ours > 0 and abs(theirs - ours) <= 5 * unit and not is_exact


def last_moment(_, one, other):
    return one.kind == other.kind == ":" and one.value == b"%d" % (2**63 - 1) and other.value == b"%d" % (2**63 - 2)


def has_no_age(_, one, other):
    return one.kind == other.kind == ":" and other.value == b"0"


def simpler_encoding(_, one, other):
    """Redis may have kept as bytes what looks like a short text or a number, never the other way round."""
    order = [b"int", b"embstr", b"raw"]
    return one.kind == other.kind == "$" and {one.value, other.value} <= set(order) and (
        order.index(other.value) < order.index(one.value)
    )


def near_size(words, one, other):
    """Key, value and 40 bytes. Redis keeps whole numbers in less; what has grown gets twice the room, and the allocator
    rounds that up by a quarter at most."""
    if one.kind != ":" or other.kind != ":":
        return False
    theirs, ours = int(one.value), int(other.value)
    return len(words[2]) + 40 <= ours <= theirs + 24 and theirs <= 2.5 * ours + 64


def has_one_reference(_, one, other):
    return one.kind == other.kind == ":" and other.value == b"1"


def same_kind(_, one, other):
    return one.kind == other.kind and (one.value is None) == (other.value is None)


def same_text(_, one, other):
    """A text each: Redis' with its format, Larder's perhaps without."""
    return one.kind in "$=" and other.kind in "$=" and bool(other.value)


def same_in_any_order(_, one, other):
    return one.kind == other.kind and one.kind in "*~" and sorted(one.value) == sorted(other.value)


def same_shape(words, one, other):
    """The same kinds, and in a list the same kinds too; lists may be of different lengths."""
    if not same_kind(words, one, other):
        return False
    if not isinstance(one.value, list):
        return True
    return {part.kind for part in one.value} | {part.kind for part in other.value} <= {"$", "*", ":", "+", "%", "~"}


def same_greeting(_, one, other):
    """HELLO: the same fields in the same order, and their values but for two of them."""
    if one.kind != other.kind or not isinstance(one.value, list) or not isinstance(other.value, list):
        return False
    ours, theirs = pairs(other), pairs(one)
    free = (b"version", b"id")
    return (
        list(ours) == list(theirs)
        and all(ours[name] == theirs[name] for name in theirs if name not in free)
        and all(ours[name].kind == theirs[name].kind for name in free)
    )


def fields(line):
    return dict(field.split(b"=", 1) for field in line.split() if b"=" in field)


def same_client(theirs, ours):
    # Redis forgets the last command over one it does not know.
    return all(
        theirs.get(field) == ours.get(field) or (field, theirs.get(field)) == (b"cmd", b"NULL")
        for field in (b"name", b"db", b"sub", b"psub", b"cmd", b"user", b"resp")
    )


def same_clients(words, one, other):
    """Each line with the fields of Redis, and the values of those that do not depend on the program. A connection that has
    ended may have a line for a moment longer: its worker may be another than the one that lists."""
    if one.kind != other.kind or one.kind not in "$=":
        return False
    strip = 4 if one.kind == "=" else 0  # txt:
    if b"id" in (word.lower() for word in words):
        return True  # whose connection has that number differs
    theirs, ours = (list(map(fields, reply.value[strip:].strip(b"\n").split(b"\n"))) for reply in (one, other))
    if not all(line.keys() >= {b"id", b"addr", b"laddr", b"fd", b"age", b"idle", b"flags"} for line in ours):
        return False
    if words[1].lower() == b"info":
        return len(ours) == 1 and same_client(theirs[0], ours[0])
    rest = iter(ours)
    return all(any(same_client(line, our_line) for our_line in rest) for line in theirs)


def same_time(_, one, other):
    if one.kind != "*" or other.kind != "*" or [part.kind for part in other.value] != ["$", "$"]:
        return False
    return abs(int(one.value[0].value) - int(other.value[0].value)) <= 5 and len(other.value[1].value) <= 6


def same_description(words, one, other):
    """DEBUG OBJECT: the same names in the same order. DEBUG HELP: words."""
    if words[1].lower() == b"help":
        return same_shape(words, one, other)
    if words[1].lower() != b"object" or not one.kind == other.kind == "+":
        return False
    theirs, ours = ([field.partition(b":")[0] for field in reply.value.split()] for reply in (one, other))
    return theirs == ours


def is_printable(word):
    return all(32 <= c < 127 for c in word)


def same_but_for_what_is_printed(words, one, other):
    """Redis shows the peer's bytes as they came, but for line ends, and up to a zero; in some errors any number of them.
    Both errors begin alike."""
    if one.kind != "-" or other.kind != "-" or all(is_printable(word) and len(word) <= 128 for word in words):
        return False
    begin = os.path.commonprefix([one.value, other.value])
    return len(begin) >= len(b"ERR No such user") and is_printable(other.value)


def refuses_no_limit(words, one, other):
    """CONFIG SET maxmemory, to 0 of any unit or to nothing."""
    is_none = words[2].lower() == b"maxmemory" and re.fullmatch(rb"0*(b|[kmg]b?)?", words[3].lower())
    said = b"argument must not be 0: a cache always has a limit"
    return bool(is_none) and (one.kind, one.value, other.kind) == ("+", b"OK", "-") and other.value.endswith(said)


def larder_says(text):
    """For frames: all that Larder says ends with this, and it has closed, as Redis has."""

    def allows(_, one, other):
        return one[1] and other[1] and other[0].endswith(b"-ERR " + text + b"\r\n")

    return allows


def printable(text):
    return bytes(c if 32 <= c < 127 or c in b"\r\n" else ord("?") for c in text)


def has_zero_byte(words, one, other):
    """Redis waits for the rest, and says less or the same."""
    return b"\0" in words[0] and printable(other[0]).startswith(printable(one[0])) and one[1] == other[1]


INTENDED = [
    Entry("ttl pttl expiretime pexpiretime", "two clocks, read at different moments", same_deadline),
    Entry("pexpiretime", "the last millisecond of all means never to the cache", last_moment),
    Entry("object|idletime", "Larder keeps an order of use, no times of it", has_no_age),
    Entry("object|encoding", "it follows from the value, not from the command that made it", simpler_encoding),
    Entry("object|refcount", "no value is shared", has_one_reference),
    Entry("slowlog|get slowlog|len", "Larder times what can take long, and what is slow differs", same_shape),
    Entry("keys", "keys come in no order", same_in_any_order),
    Entry("randomkey", "any key will do", same_kind),
    Entry("scan", "a page may hold any keys; whole scans are compared as sets", same_shape),
    Entry("hello", "the version is Larder's own claim, the id each server's own", same_greeting),
    Entry("client|id", "numbers of connections are each server's own", same_kind),
    Entry("client|list client|info", "addresses, ages and sizes of buffers are each server's own", same_clients),
    Entry("time", "two clocks, read at different moments", same_time),
    Entry("info", "some figures are each server's own, and some are left out", same_info),
    Entry("info", "a frame that ends otherwise is counted otherwise", same_info_but_counts, after_frame=True),
    Entry("command|list", "no order; Larder names what it serves", same_list),
    Entry("command|count", "Larder counts what it serves", same_count),
    Entry("command|docs", "the words are Larder's own, and some options are newer", same_docs),
    Entry("client|help command|help config|help function|help memory|help object|help pubsub|help slowlog|help latency|help",
          "the words are Larder's own", same_shape),
    Entry("memory|stats", "memory is laid out otherwise", same_memory),
    Entry("memory|doctor memory|malloc-stats", "prose, and of another allocator", same_text),
    Entry("memory|usage", "memory is laid out otherwise", near_size),
    Entry("debug", "figures of DEBUG OBJECT are each server's own, and so are the words of DEBUG HELP", same_description),
    Entry("config|get", "some values are each server's own, and some settings are of what Larder has not", same_settings),
    Entry("config|set", "a cache always has a limit: no memory, or a unit without a number, does not mean any amount",
          refuses_no_limit),
    Entry("command command|info", "no order, no prose; Larder describes what it serves", same_rows),
    Entry("frame", "what follows a bulk must be CR LF, Redis skips two bytes unseen",
          larder_says(b"Protocol error: invalid bulk length")),
    Entry("frame", "zero is a byte like others, Redis does not find the end of a line behind it", has_zero_byte),
    Entry("frame", "at most 1,048,576 arguments", larder_says(b"Protocol error: invalid multibulk length")),
    Entry("frame", "an argument beyond --value-size-max is refused when it is announced",
          larder_says(b"string exceeds maximum allowed size")),
    Entry("*", "an error shows only printable bytes of what the peer sent, and 128 at most", same_but_for_what_is_printed),
]
