"""What is newer than Redis 7.0.15, as tables of request and reply, taken from its documentation. Larder alone is asked.

Each table says what it needs: a command, or an option, which is there if its request is not answered by a syntax error.
"""

OK = b"+OK\r\n"
NIL = b"$-1\r\n"
SYNTAX = b"-ERR syntax error\r\n"


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text)


def number(value):
    return b":%d\r\n" % value


# As DIGEST's page has it, and two more that other servers' pages show: XXH3 of 64 bits, 16 digits.
DIGESTS = {b"Hello world": b"b6acb9d84a38ff74", b"test": b"9ec9f7918d7dfc40", b"Hello, Dragonfly!": b"063b4909128e92b7"}
OTHER = b"0000000000000001"

# name: (what it needs, [(request, reply)...]). A reply None is not looked at.
NEWER = {
    # redis.io/commands/set (8.4); valkey.io/commands/set has IFEQ alike (8.1)
    "SET IFEQ": ("SET nosuch v IFEQ x", [
        ("SET k v IFEQ v", NIL),  # there is nothing to be equal to, and nothing is created
        ("EXISTS k", number(0)),
        ("SET k v", OK),
        ("SET k w IFEQ x", NIL),
        ("GET k", bulk(b"v")),
        ("SET k w IFEQ v", OK),
        ("GET k", bulk(b"w")),
        ("SET k x ifeq w GET", bulk(b"w")),
        ("SET k y IFEQ no GET", bulk(b"x")),
        ("GET k", bulk(b"x")),
        ("SET k y IFEQ x EX 100", OK),
        ("TTL k", number(100)),
        ("SET k y IFEQ", SYNTAX),
        ("SET k y IFEQ y NX", SYNTAX),
        ("SET k y XX IFEQ y", SYNTAX),
        ("SET k y IFEQ y IFNE z", SYNTAX),
    ]),
    "SET IFNE": ("SET nosuch v IFNE x", [
        ("DEL k", None),
        ("SET k v IFNE v", OK),  # what is not there is not equal, and is created
        ("GET k", bulk(b"v")),
        ("SET k w IFNE v", NIL),
        ("SET k w IFNE x", OK),
        ("SET k x IFNE x GET", bulk(b"w")),
        ("GET k", bulk(b"x")),
        ("SET k y IFNE", SYNTAX),
        ("SET k y IFNE y NX", SYNTAX),
    ]),
    # redis.io/commands/digest (8.4)
    "DIGEST": ("digest", [
        ("DIGEST absent", NIL),
        *(pair for value, digest in DIGESTS.items()
          for pair in ((f'SET k "{value.decode()}"', OK), ("DIGEST k", bulk(digest)))),
        ("DIGEST", b"-ERR wrong number of arguments for 'digest' command\r\n"),
        ("DIGEST a b", b"-ERR wrong number of arguments for 'digest' command\r\n"),
    ]),
    "SET IFDEQ": (f"SET nosuch v IFDEQ {OTHER.decode()}", [
        ("DEL k", None),
        (f"SET k v IFDEQ {OTHER.decode()}", NIL),
        ("EXISTS k", number(0)),
        ('SET k "Hello world"', OK),
        (f"SET k w IFDEQ {OTHER.decode()}", NIL),
        (f"SET k test IFDEQ {DIGESTS[b'Hello world'].decode()}", OK),
        ("GET k", bulk(b"test")),
        (f"SET k w IFDEQ {DIGESTS[b'test'].decode()} GET", bulk(b"test")),
        ("SET k w IFDEQ", SYNTAX),
    ]),
    "SET IFDNE": (f"SET nosuch v IFDNE {OTHER.decode()}", [
        ("DEL k", None),
        (f"SET k test IFDNE {OTHER.decode()}", OK),
        (f"SET k w IFDNE {DIGESTS[b'test'].decode()}", NIL),
        ("GET k", bulk(b"test")),
        (f"SET k w IFDNE {OTHER.decode()}", OK),
        ("GET k", bulk(b"w")),
        ("SET k w IFDNE", SYNTAX),
    ]),
    # redis.io/commands/delex (8.4)
    "DELEX": ("delex", [
        ("DELEX absent", number(0)),
        ("DELEX absent IFEQ v", number(0)),
        ("SET k v", OK),
        ("DELEX k IFEQ w", number(0)),
        ("DELEX k IFEQ v", number(1)),
        ("EXISTS k", number(0)),
        ("SET k v", OK),
        ("DELEX k IFNE v", number(0)),
        ("DELEX k IFNE w", number(1)),
        ('SET k "Hello world"', OK),
        (f"DELEX k IFDEQ {OTHER.decode()}", number(0)),
        (f"DELEX k IFDNE {DIGESTS[b'Hello world'].decode()}", number(0)),
        (f"DELEX k IFDEQ {DIGESTS[b'Hello world'].decode()}", number(1)),
        ("SET k v", OK),
        (f"DELEX k IFDNE {OTHER.decode()}", number(1)),
        ("SET k v", OK),
        ("DELEX k", number(1)),
        ("DELEX", b"-ERR wrong number of arguments for 'delex' command\r\n"),
    ]),
    # valkey.io/commands/delifeq (9.0)
    "DELIFEQ": ("delifeq", [
        ("DELIFEQ absent v", number(0)),
        ("SET k abc123", OK),
        ("DELIFEQ k xyz789", number(0)),
        ("GET k", bulk(b"abc123")),
        ("DELIFEQ k abc123", number(1)),
        ("DELIFEQ k abc123", number(0)),
        ("DELIFEQ k", b"-ERR wrong number of arguments for 'delifeq' command\r\n"),
    ]),
    # redis.io/commands/msetex (8.4)
    "MSETEX": ("msetex", [
        ("DEL a b c", None),
        ("MSETEX 2 a 1 b 2 EX 100", number(1)),
        ("MGET a b", b"*2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("TTL a", number(100)),
        ("TTL b", number(100)),
        ("MSETEX 2 b 3 c 3 NX", number(0)),  # one of them is there
        ("MGET b c", b"*2\r\n$1\r\n2\r\n$-1\r\n"),
        ("MSETEX 2 b 3 c 3 XX", number(0)),  # one of them is not
        ("MSETEX 2 a 4 b 4 XX KEEPTTL", number(1)),
        ("TTL a", number(100)),
        ("MSETEX 1 c 5 NX", number(1)),
        ("TTL c", number(-1)),
        ("MSETEX 2 a 6 b 6", number(1)),
        ("TTL a", number(-1)),
        ("MSETEX 1 a 7 PXAT 4102444800123", number(1)),
        ("MSETEX 1 a 7 NX XX", SYNTAX),
        ("MSETEX 1 a 7 EX 1 PX 1", SYNTAX),
        ("GET a", bulk(b"7")),
    ]),
    # redis.io/commands/client-setinfo (7.2)
    "CLIENT SETINFO": ("client|setinfo", [
        ("CLIENT SETINFO LIB-NAME jedis", OK),
        ("CLIENT SETINFO lib-name jedis(redis-om-spring_v1.0.0)", OK),
        ("CLIENT SETINFO LIB-VER 1.2.3", OK),
        ('CLIENT SETINFO LIB-NAME ""', OK),
        ('CLIENT SETINFO LIB-NAME "redis py"',
         b"-ERR LIB-NAME cannot contain spaces, newlines or special characters.\r\n"),
        ('CLIENT SETINFO LIB-VER "1 2"', b"-ERR LIB-VER cannot contain spaces, newlines or special characters.\r\n"),
        ("CLIENT SETINFO nosuch 1", b"-ERR Unrecognized option 'nosuch'\r\n"),
        ("CLIENT SETINFO LIB-NAME", b"-ERR wrong number of arguments for 'client|setinfo' command\r\n"),
    ]),
    # redis.io/commands/client-no-touch (7.2)
    "CLIENT NO-TOUCH": ("client|no-touch", [
        ("CLIENT NO-TOUCH ON", OK),
        ("CLIENT NO-TOUCH off", OK),
        ("CLIENT NO-TOUCH nosuch", SYNTAX),
        ("CLIENT NO-TOUCH", b"-ERR wrong number of arguments for 'client|no-touch' command\r\n"),
    ]),
}
