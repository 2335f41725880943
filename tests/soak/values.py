"""What lies under a key of the soak test: records that say which key and which version they are.

    <key:version:after:size:crc:body>

A value is one record, or several that APPEND put behind each other. `after` is the version that the record was appended to; 0: it
was stored by itself. A value that was evicted before an APPEND begins with that record, as the server promises. `crc` is of the
body, `size` its bytes. Bodies are cut out of random bytes wherever key and version say, so that no part of one passes for another;
those of text kinds are hexadecimal digits, which every protocol carries.

A counter is a number instead, so that INCRBY works on it: (key + 1) << 32 | version. One that was evicted before an INCRBY begins
anew with the increment alone, which is far below that.
"""

import functools
import random
import typing
import zlib

COUNTER_SHIFT = 32


class Torn(Exception):
    """These bytes are no value of any key; says why."""


class WrongKey(Exception):
    """A whole value, of another key."""


class Seen(typing.NamedTuple):
    """What a value says of itself."""

    version: int
    size: int  # in bytes
    restarted: bool = False  # a counter that began anew; its version is the increment


@functools.cache
def _pool(binary):
    """Random bytes to cut bodies from, more than the largest body has."""
    data = random.Random("pool").randbytes(5 << 20 if binary else 5 << 19)
    return data if binary else data.hex().encode()


def record(key, version, size, *, after=0, binary=False):
    """The bytes of a record with a body of `size` bytes. Equal arguments make equal bytes."""
    pool = _pool(binary)
    at = zlib.crc32(b"%d %d" % (key, version)) % (len(pool) - size)
    body = pool[at : at + size]
    return b"<%d:%d:%d:%d:%08x:%b>" % (key, version, after, size, zlib.crc32(body), body)


def counter(key, version):
    """The number under a counter's key."""
    return (key + 1) << COUNTER_SHIFT | version


def read_counter(key, data):
    """What a counter's value says; Torn or WrongKey."""
    if not data.isdigit() or len(data) > 19:
        raise Torn(f"not a number of ours: {shown(data)}")
    number = int(data)
    if number >> COUNTER_SHIFT == 0:
        return Seen(number, len(data), restarted=True)
    if number >> COUNTER_SHIFT != key + 1:
        raise WrongKey(f"the counter of key {(number >> COUNTER_SHIFT) - 1}")
    return Seen(number & (1 << COUNTER_SHIFT) - 1, len(data))


def read_records(key, data):
    """What a value of records says; Torn or WrongKey."""
    at, version, view = 0, None, memoryview(data)
    while at < len(data) or version is None:
        if data[at : at + 1] != b"<":
            raise Torn(f"no record begins at byte {at} of {len(data)}: {shown(data[at:])}")
        head = bytes(view[at + 1 : at + 80]).split(b":", 5)
        try:
            of, now, after, size = (int(field) for field in head[:4])
            crc = int(head[4], 16)
        except (ValueError, IndexError):
            raise Torn(f"no head of a record at byte {at} of {len(data)}: {shown(data[at:])}") from None
        begin = at + 1 + sum(len(field) + 1 for field in head[:5])
        body, end = view[begin : begin + size], data[begin + size : begin + size + 1]
        if len(body) != size or end != b">":
            raise Torn(f"the record of key {of}, version {now}, at byte {at} of {len(data)} has not the {size} bytes it names")
        if zlib.crc32(body) != crc:
            raise Torn(f"the record of key {of}, version {now}, at byte {at} of {len(data)} has not the bytes it was sent with")
        if of != key:
            if version is None:
                raise WrongKey(f"key {of}, version {now}")
            raise Torn(f"version {version}, and then a record of key {of}, version {now}")
        if version is not None and after != version:
            raise Torn(f"version {version}, and then a record of version {now} that was made for the end of version {after}")
        at, version = begin + size + 1, now
    return Seen(version, len(data))


def shown(data, limit=60):
    """The beginning of these bytes, for people."""
    return repr(bytes(data[:limit])) + ("..." if len(data) > limit else "")
