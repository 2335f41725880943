"""What is sent, as tables: kinds of words, commands, malformed frames, scripts."""

import time

# ---------------------------------------------------------------------------------------------------------------------
# Kinds of words. A list to choose from, or a function of the random number generator.

KEYS = [b"a", b"b", b"c", b"key:1", b"key:2", b"key:3", b"hello", b"hallo", b"h[e]llo*", b"", b"two words",
        b"\x00\xff\r\n", b"counter"]

INTEGERS = [b"0", b"1", b"-1", b"7", b"10", b"-10", b"100", b"12345", b"2147483647", b"-2147483648", b"4294967296",
            b"9223372036854775806", b"9223372036854775807", b"-9223372036854775807", b"-9223372036854775808"]

# What looks like a whole number and is none, or not within 64 bits.
NO_INTEGERS = [b"", b" ", b"+1", b"-0", b"01", b" 1", b"1 ", b"1\n", b"1.0", b"1e3", b"0x10", b"abc", b"-", b"--1",
               b"9223372036854775808", b"-9223372036854775809", b"18446744073709551615", b"18446744073709551616",
               b"1\x00", b"99999999999999999999999999"]

FLOATS = [b"0", b"0.0", b"-0.0", b"1.5", b"-2.25", b"0.1", b"3.0e3", b"1e-3", b"5.0e-10", b"1e10", b"1e17", b"1e19",
          b"123456789.123456789", b"0.30000000000000004", b"3.", b".5", b"+1.5", b"1e300"]

NO_FLOATS = [b"", b"abc", b" 1.5", b"1.5 ", b"nan", b"-nan", b"inf", b"-inf", b"infinity", b"1e5000", b"1.5abc",
             b"1,5", b"0x1p3", b"1..5", b"e5", b"1.5\x00"]

TEXTS = [b"v", b"value", b"hello world", b"ohmytext", b"mynewtext", b"\x00", b"\xff\xfe\x00\r\n", b"caf\xc3\xa9",
         b"'quoted' \"twice\"", b"$5\r\nhello\r\n", b"x" * 44, b"y" * 45, b"z" * 300, b"longer " * 250]

PATTERNS = [b"*", b"**", b"?", b"key:*", b"key:?", b"h?llo", b"h[ae]llo", b"h[^e]llo", b"h[a-f]llo", b"h[f-a]llo",
            b"h\\[e\\]llo\\*", b"*l*l*", b"", b"[", b"h[", b"h[a", b"h[^", b"[]", b"[^]", b"\\", b"a\\", b"\\a",
            b"*\x00*", b"nothing*", b"[a-]", b"[\\]]", b"*\xff*"]

# Options of all commands, for places where they do not belong.
OPTIONS = [b"NX", b"XX", b"GT", b"LT", b"EX", b"PX", b"EXAT", b"PXAT", b"KEEPTTL", b"PERSIST", b"GET", b"DB", b"REPLACE",
           b"MATCH", b"COUNT", b"TYPE", b"LEN", b"IDX", b"WITHMATCHLEN", b"MINMATCHLEN", b"ASYNC", b"SYNC", b"HELP",
           b"AUTH", b"SETNAME", b"SAMPLES", b"*"]

STRAYS = NO_INTEGERS + NO_FLOATS + OPTIONS + [b"0", b"-1", b"16", b"9223372036854775807", b"-9223372036854775808"]


def value(rng):
    way = rng.random()
    if way < 0.3:
        return rng.choice(INTEGERS)
    if way < 0.45:
        return rng.choice(FLOATS)
    if way < 0.55:
        return rng.choice(NO_INTEGERS)
    if way < 0.62:
        return rng.choice(NO_FLOATS)
    if way < 0.7:
        return rng.randbytes(rng.randrange(60))
    return rng.choice(TEXTS)


def long_value(rng):
    return rng.choice([rng.randbytes(rng.randrange(70_000)), b"long" * rng.randrange(20_000)])


PASSWORDS = [b"", b"secret", b"two words"]

# Two servers look at their clocks at different moments. So a deadline is either past, or so far away that nothing ends
# during a run; and no two commands draw the same duration, which GT and LT would tell apart by a millisecond.
def seconds(rng):
    if rng.random() < 0.12:
        return rng.choice([b"0", b"-1", b"-100", b"9223372036854775807", b"-9223372036854775808", b"9223372036854776",
                           b"-9223372036854776"])
    return b"%d" % rng.randrange(10_000, 100_000_000)


def milliseconds(rng):
    if rng.random() < 0.12:
        return rng.choice([b"0", b"-1", b"-100", b"9223372036854775807", b"-9223372036854775808"])
    return b"%d" % rng.randrange(10_000_000, 100_000_000_000)


YEAR_2100 = 4_102_444_800


def at_seconds(rng):
    if rng.random() < 0.12:
        return rng.choice([b"0", b"-1", b"1", b"1700000000", b"9223372036854775807", b"-9223372036854775808",
                           b"9223372036854775", b"9223372036854776"])
    return b"%d" % (YEAR_2100 + rng.randrange(1000))


def at_milliseconds(rng):
    if rng.random() < 0.12:
        return rng.choice([b"0", b"-1", b"1", b"1700000000000", b"9223372036854775807", b"-9223372036854775808"])
    return b"%d" % (YEAR_2100 * 1000 + rng.randrange(3000))


def index(rng):
    return rng.choice(INTEGERS) if rng.random() < 0.2 else b"%d" % rng.randrange(-60, 60)


def offset(rng):
    if rng.random() < 0.15:
        return rng.choice([b"-1", b"536870912", b"9223372036854775807", b"-9223372036854775808"])
    return b"%d" % rng.randrange(100 if rng.random() < 0.9 else 3000)


KINDS = {
    "key": KEYS,
    "long-key": [b"long:1", b"long:2"],
    "value": value,
    "long-value": long_value,
    "text": TEXTS,
    "integer": lambda rng: rng.choice(INTEGERS if rng.random() < 0.8 else NO_INTEGERS),
    "float": lambda rng: rng.choice(FLOATS if rng.random() < 0.75 else NO_FLOATS),
    "seconds": seconds,
    "milliseconds": milliseconds,
    "unix-seconds": at_seconds,
    "unix-milliseconds": at_milliseconds,
    "index": index,
    "offset": offset,
    "count": [b"1", b"2", b"10", b"1000", b"9223372036854775807"],
    "length": [b"0", b"1", b"2", b"5", b"100", b"-1"],
    "pattern": PATTERNS,
    "type": [b"string", b"STRING", b"list", b"set", b"zset", b"hash", b"stream", b"nosuch", b""],
    "database": [b"0", b"0", b"0", b"1", b"2", b"15"],
    "any-database": [b"0", b"1", b"2", b"15", b"16", b"-1", b"abc", b"", b"2147483648", b"9223372036854775808"],
    "protocol": [b"2", b"3", b"2", b"3", b"1", b"4", b"0", b"-1", b"abc", b"", b"9223372036854775808"],
    "name": [b"me", b"", b"two words", b"new\nline", b"a-b_c.d(e)", b"\xff", b"x" * 300],
    "password": PASSWORDS,
    "user": [b"default", b"nobody", b"", b"Default"],
    "nonsense": [b"NOSUCH", b"get get", b"", b"x" * 200, b"\r\n", b"\x00\xff", b"GETT", b"g\xc3\xa9t", b"'", b"-1"],
    "command": [b"get", b"SET", b"mget", b"del", b"exists", b"incr", b"expire", b"ttl", b"ping", b"multi", b"command",
                b"append", b"getex", b"lcs", b"copy", b"rename", b"scan", b"mset", b"setrange", b"object", b"memory",
                b"client", b"info", b"object|encoding", b"client|id", b"config|get", b"nosuch", b"get|x", b"client|nosuch"],
    "section": [b"server", b"Clients", b"memory", b"persistence", b"stats", b"replication", b"cpu", b"modules",
                b"COMMANDSTATS", b"errorstats", b"latencystats", b"cluster", b"keyspace", b"all", b"everything", b"default",
                b"nosuch", b""],
    "category": [b"keyspace", b"read", b"write", b"string", b"fast", b"slow", b"CONNECTION", b"scripting", b"admin",
                 b"dangerous", b"transaction", b"@read", b"nosuch", b""],
    "name-pattern": [b"*", b"config|*", b"CONFIG|*", b"*|get", b"*get*", b"get", b"client", b"[a-d]*", b"nosuch*", b""],
    "configuration": [b"maxmemory", b"maxmemory-policy", b"maxclients", b"timeout", b"nosuch", b"TIMEOUT", b"databases",
                      b"save", b"appendonly", b"slave-read-only", b"replica-read-only", b"max*", b"*", b"[s-t]*", b"tcp-*"],
    "fixed-setting": [b"databases", b"DAEMONIZE", b"aclfile", b"logfile", b"cluster-enabled", b"io-threads", b"tcp-backlog",
                      b"unixsocket", b"unixsocketperm", b"supervised", b"pidfile", b"replicaof", b"enable-debug-command",
                      b"always-show-logo", b"dir", b"dbfilename", b"nosuch"],
    "flag-setting": [b"appendonly", b"activedefrag", b"lazyfree-lazy-expire", b"replica-read-only", b"protected-mode"],
    "number-setting": [b"timeout", b"hz", b"maxclients", b"lfu-log-factor", b"lua-time-limit", b"tcp-keepalive", b"port",
                       b"maxmemory-samples", b"slowlog-max-len"],
}

# ---------------------------------------------------------------------------------------------------------------------
# Commands: how often, relative to each other, and what they take (grammar.py explains the notation). Those that are
# sent as they stand, never spoiled, are in AS_THEY_ARE: a word more or less would end the server or a client, make it a
# replica, make it wait, or set what is not set alike.

STRINGS = [
    (12, "GET key"),
    (24, "SET key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-seconds|PXAT unix-milliseconds|KEEPTTL]"),
    (4, "SETEX key seconds value"),
    (4, "PSETEX key milliseconds value"),
    (4, "SETNX key value"),
    (4, "GETSET key value"),
    (3, "GETDEL key"),
    (7, "GETEX key [EX seconds|PX milliseconds|EXAT unix-seconds|PXAT unix-milliseconds|PERSIST]"),
    (5, "MGET key..."),
    (5, "MSET (key value)..."),
    (4, "MSETNX (key value)..."),
    (6, "APPEND key value"),
    (4, "STRLEN key"),
    (6, "GETRANGE key index index"),
    (3, "SUBSTR key index index"),
    (6, "SETRANGE key offset value"),
    (6, "INCR key"),
    (5, "DECR key"),
    (6, "INCRBY key integer"),
    (6, "DECRBY key integer"),
    (7, "INCRBYFLOAT key float"),
    (6, "LCS key key [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]"),
    (1, "SET long-key long-value"),
    (1, "GET long-key"),
    (1, "GETRANGE long-key index index"),
    (1, "APPEND long-key value"),
    (1, "STRLEN long-key"),
]

KEYSPACE = [
    (5, "DEL key..."),
    (3, "UNLINK key..."),
    (4, "EXISTS key..."),
    (2, "TOUCH key..."),
    (3, "TYPE key"),
    (6, "EXPIRE key seconds [NX|XX] [GT|LT]"),
    (5, "PEXPIRE key milliseconds [NX|XX] [GT|LT]"),
    (6, "EXPIREAT key unix-seconds [NX|XX] [GT|LT]"),
    (6, "PEXPIREAT key unix-milliseconds [NX|XX] [GT|LT]"),
    (4, "TTL key"),
    (4, "PTTL key"),
    (4, "EXPIRETIME key"),
    (4, "PEXPIRETIME key"),
    (4, "PERSIST key"),
    (5, "RENAME key key"),
    (5, "RENAMENX key key"),
    (6, "COPY key key [DB database] [REPLACE]"),
    (4, "MOVE key any-database"),
    (2, "SWAPDB any-database any-database"),
    (2, "RANDOMKEY"),
    (5, "KEYS pattern"),
    (3, "SCAN index [MATCH pattern] [COUNT count] [TYPE type]"),
    (3, "DBSIZE"),
    (1, "FLUSHDB [ASYNC|SYNC]"),
    (1, "FLUSHALL [ASYNC|SYNC]"),
    (8, "SELECT database"),
    (2, "SELECT any-database"),
    (5, "OBJECT ENCODING key"),
    (1, "OBJECT FREQ key"),
    (1, "OBJECT IDLETIME key"),
    (1, "OBJECT REFCOUNT key"),
    (1, "OBJECT HELP"),
    (2, "MEMORY USAGE key [SAMPLES length]"),
    (1, "MEMORY STATS"),
    (1, "MEMORY PURGE"),
]

CONNECTION = [
    (2, "HELLO [protocol [AUTH user password] [SETNAME name]]"),
    (2, "AUTH [user] password"),
    (3, "PING [text]"),
    (3, "ECHO value"),
    (1, "QUIT"),
    (1, "RESET"),
    (1, "TIME"),
    (1, "CLIENT ID"),
    (1, "CLIENT INFO"),
    (1, "CLIENT LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB|NOSUCH)|ID integer]"),
    (2, "CLIENT GETNAME"),
    (3, "CLIENT SETNAME name"),
    (1, "CLIENT KILL 1.2.3.4:5"),
    (1, "CLIENT KILL ADDR 1.2.3.4:5"),
    (1, "CLIENT KILL LADDR 1.2.3.4:5"),
    (1, "CLIENT KILL TYPE (REPLICA|NOSUCH)"),
    (1, "CLIENT UNPAUSE"),
    (1, "CLIENT REPLY ON"),
    (1, "CLIENT NO-EVICT (ON|OFF|nonsense)"),
    (1, "CLIENT HELP"),
    (1, "CLIENT nonsense"),
]

SERVER = [
    (1, "COMMAND COUNT"),
    (3, "COMMAND INFO command..."),
    (1, "COMMAND DOCS command..."),
    (2, "COMMAND LIST [FILTERBY (MODULE text|ACLCAT category|PATTERN name-pattern)]"),
    (1, "COMMAND GETKEYS GET key"),
    (1, "COMMAND GETKEYS SET key value"),
    (1, "COMMAND GETKEYS MSET (key value)..."),
    (1, "COMMAND GETKEYS DEL key..."),
    (1, "COMMAND GETKEYS command key"),
    (1, "COMMAND GETKEYSANDFLAGS (SET key value [GET] [EX seconds]|RENAME key key|COPY key key|DEL key...|command key)"),
    (1, "COMMAND HELP"),
    (1, "COMMAND nonsense"),
    (1, "INFO [section]..."),
    (1, "CONFIG GET configuration..."),
    (1, "CONFIG RESETSTAT"),
    (1, "CONFIG REWRITE"),
    (1, "CONFIG nonsense"),
    (1, "SLOWLOG GET [length]"),
    (1, "SLOWLOG LEN"),
    (1, "SLOWLOG RESET"),
    (1, "SLOWLOG HELP"),
    (1, "LATENCY LATEST"),
    (1, "LATENCY HISTORY text"),
    (1, "LATENCY RESET [text]"),
    (1, "LATENCY HELP"),
    (1, "DEBUG OBJECT key"),
    (1, "FUNCTION FLUSH [ASYNC|SYNC]"),
    (1, "PUBSUB CHANNELS [text]"),
    (1, "PUBSUB NUMSUB [text]"),
    (1, "PUBSUB NUMPAT"),
    (1, "PUBSUB SHARDCHANNELS [text]"),
    (1, "PUBSUB SHARDNUMSUB [text]"),
    (1, "FUNCTION LIST [LIBRARYNAME text] [WITHCODE]"),
    (4, "nonsense [value]..."),
]

TRANSACTIONS = [
    (6, "MULTI"),
    (7, "EXEC"),
    (2, "DISCARD"),
    (5, "WATCH key..."),
    (2, "UNWATCH"),
]

AS_THEY_ARE = [
    (1, "CLIENT KILL ID (4000000000|'abc'|'0'|'-1'|'')"),
    (1, "CLIENT KILL ID integer USER 'nobody'"),
    (1, "CLIENT PAUSE 0 [WRITE|ALL]"),
    (1, "CLIENT PAUSE ('abc'|-1)"),
    (1, "CLIENT PAUSE 0 NOSUCH"),
    (1, "CLIENT REPLY NOSUCH"),
    (1, "CONFIG SET 'timeout' ('abc'|-1)"),
    (2, "CONFIG SET fixed-setting text ['timeout' 'abc']"),
    (1, "CONFIG SET 'timeout' 'abc' fixed-setting text"),
    (1, "CONFIG SET flag-setting ('maybe'|'')"),
    (1, "CONFIG SET number-setting ('abc'|''|'1x')"),
    (1, "CONFIG SET ('maxmemory'|'proto-max-bulk-len') ('abc'|'1x')"),
    (1, "CONFIG SET 'maxmemory' ('200mb'|'300MB'|'250000000'|'300000k'|'0256m'|'-1')"),
    (1, "CONFIG SET ('loglevel'|'appendfsync'|'maxmemory-policy') ('nosuch'|'')"),
    (1, "CONFIG SET 'save' '' 'appendonly' 'no' 'hz' 10 'lfu-decay-time' 1 'notify-keyspace-events' ''"),
    (1, "CONFIG SET NOSUCH 1"),
    (1, "CONFIG SET 'timeout'"),
    (1, "(REPLICAOF|SLAVEOF) NO ONE"),
    (1, "(REPLICAOF|SLAVEOF) ('127.0.0.1'|NO|text) ('abc'|'-1'|'65536'|'')"),
    (1, "(REPLICAOF|SLAVEOF) NO"),
    (1, "DEBUG SLEEP 0"),
    (1, "DEBUG SET-ACTIVE-EXPIRE 1"),
    (1, "DEBUG LOG text"),
    (1, "DEBUG PROTOCOL (STRING|INTEGER|DOUBLE|NULL|ARRAY|SET|MAP|ATTRIB|PUSH|VERBATIM|TRUE|FALSE|BIGNUM)"),
    (1, "DEBUG PROTOCOL NOSUCH"),
    (1, "DEBUG NOSUCH"),
    (1, "SHUTDOWN ABORT"),
    (1, "SHUTDOWN NOSUCH"),
    (1, "SHUTDOWN ABORT NOW"),
    (1, "SHUTDOWN SAVE NOSAVE"),
    (1, "WAIT (0|'abc'|-1) (0|'abc'|-1)"),
    (1, "WAIT 1 5"),
]

# For streams in which passwords are set, and connections come and go. Sent as they stand: a password that is none of the
# list would be given by nobody.
LOGINS = [
    (5, "CONFIG SET 'requirepass' password"),
    (1, "CONFIG SET 'timeout' 0 'requirepass' password"),
    (1, "CONFIG SET 'requirepass' password 'timeout' ('abc'|-1)"),
    (1, "CONFIG GET 'requirepass'"),
    (6, "AUTH [user] password"),
    (5, "HELLO [protocol [AUTH user password] [SETNAME name]]"),
    (4, "RESET"),
    (2, "QUIT"),
    (1, "ACL WHOAMI"),
    (1, "ACL LIST"),
]

ROWS = STRINGS + KEYSPACE + CONNECTION + SERVER + TRANSACTIONS + AS_THEY_ARE + LOGINS

# Where a command says when something ends: the index of that word, or the words before it.
DURATIONS_AT = {b"expire": (2, 1000), b"pexpire": (2, 1), b"setex": (2, 1000), b"psetex": (2, 1)}
DURATIONS_AFTER = {b"ex": 1000, b"px": 1}
DEADLINES_AT = {b"expireat": (2, 1000), b"pexpireat": (2, 1)}
DEADLINES_AFTER = {b"exat": 1000, b"pxat": 1}
LONGEST_RUN_MS = 3_600_000


def number(word):
    return int(word) if word.isdigit() and len(word) < 20 else None


def without_hazards(words):
    """A spoiled command may name a moment within the run, or an offset that makes a string of hundreds of megabytes. Those
    words are made longer or shorter."""
    words = list(words)
    name = words[0].lower()
    now_ms = time.time() * 1000
    for i in range(1, len(words)):
        before = words[i - 1].lower()
        found = number(words[i])
        if found is None:
            continue
        for at, after, is_deadline in ((DURATIONS_AT, DURATIONS_AFTER, False), (DEADLINES_AT, DEADLINES_AFTER, True)):
            unit = after.get(before, 0)
            if at.get(name, (0, 0))[0] == i:
                unit = at[name][1]
            if is_deadline and unit and abs(found * unit - now_ms) < LONGEST_RUN_MS:
                words[i] = b"%d" % (found * 2)
            if not is_deadline and unit and 0 < found * unit < LONGEST_RUN_MS:
                words[i] = b"%d" % (found + 2 * LONGEST_RUN_MS // unit)
        if name == b"setrange" and i == 2 and 10_000 < found < 536_870_912:
            words[i] = b"%d" % (found % 1000)
    return words


def stores_what_is_past(words):
    """SET with EXAT or PXAT before now: Redis keeps the key until somebody meets it, and counts it until then."""
    name = words[0].lower()
    return name == b"set" and any(word.lower() in DEADLINES_AFTER for word in words[3:])


# ---------------------------------------------------------------------------------------------------------------------
# Frames that are no commands, and what follows: True where the connection must end.

PING = b"*1\r\n$4\r\nPING\r\n"

FRAMES = [
    (b"*1\r\n+PING\r\n", True),
    (b"*1\r\n:1\r\n", True),
    (b"*1\r\nPING\r\n", True),
    (b"*1\r\n*1\r\n$4\r\nPING\r\n", True),
    (b"*1\r\n\xff\r\n", True),
    (b"*1\r\n$-1\r\n", True),
    (b"*1\r\n$abc\r\n", True),
    (b"*1\r\n$\r\n", True),
    (b"*1\r\n$4.0\r\nPING\r\n", True),
    (b"*1\r\n$+4\r\nPING\r\n", True),
    (b"*1\r\n$04\r\nPING\r\n", True),
    (b"*1\r\n$ 4\r\nPING\r\n", True),
    (b"*1\r\n$536870913\r\n", True),
    (b"*1\r\n$9223372036854775808\r\n", True),
    (b"*1\r\n$" + b"1" * 1_000_000, True),
    (b"*abc\r\n", True),
    (b"*+1\r\n$4\r\nPING\r\n", True),
    (b"*01\r\n$4\r\nPING\r\n", True),
    (b"* 1\r\n$4\r\nPING\r\n", True),
    (b"*1.0\r\n", True),
    (b"*\r\n", True),
    (b"*2147483648\r\n", True),
    (b"*9223372036854775808\r\n", True),
    (b"*" + b"1" * 1_000_000, True),
    (b"x" * 1_000_000, True),
    (b"'\r\n", True),
    (b"\"\r\n", True),
    (b"SET a \"b\r\n", True),
    (b"SET a 'b\r\n", True),
    (b"SET a \"b\"c\r\n", True),
    (b"SET a 'b'c\r\n", True),
    (b"post somewhere\r\n", True),
    (b"Host: here\r\n", True),
    (b"QUIT\r\n", True),
    (b"*1\r\n$4\r\nQUIT\r\n", True),
    (b"*0\r\n", False),
    (b"*-1\r\n", False),
    (b"*-9\r\n", False),
    (b"\r\n", False),
    (b"\n", False),
    (b"   \r\n", False),
    (b"\r\n\r\n\n\n", False),
    (b"PING\n", False),
    (b"  PING  \r\n", False),
    (b"\tPING\t\r\n", False),
    (b"ECHO \"\\x41\\n\\\"\\\\\\q\"\r\n", False),
    (b"ECHO '\\x41\\n\\'\\\\'\r\n", False),
    (b"ECHO a\"b c\"\r\n", False),
    (b"ECHO \"\"\r\n", False),
    (b"\"\"\r\n", False),
    (b"ECHO \xff\xfe\r\n", False),
    (b"+PING\r\n", False),
    (b"$4\r\nPING\r\n", False),
    (b"PING\r", False),
    (b"*1\r\n$0\r\n\r\n", False),
    (b"*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\r\n\r\n", False),
    (b"*1\r\n$4\r\nPI", False),
    (b"*3\r\n$4\r\nECHO\r\n", False),
]

# What stands behind a count and behind a bulk, zero bytes, and what is too large: intended.py says what Larder makes of
# them.
CARELESS_FRAMES = [
    (b"*1\r\n$4\r\nPINGxy", False),
    (b"*2\r\n$4\r\nECHO\r\n$2\r\nhello\r\n", False),
    (b"*1\rx$4\r\nPING\r\n", False),
    (b"*1\r\n$4\rxPING\r\n", False),
    (b"*1\r\nx", False),
    (b"*1\r\n\x00\r\n", False),
    (b"ECHO a\x00b\r\n", False),
    (b"*2147483647\r\n", False),
    (b"*1\r\n$536870912\r\n", False),
]

# From a peer that has not logged in, where the password is "secret".
STRANGERS_FRAMES = [
    (b"*10\r\n$4\r\nPING\r\n", False),
    (b"*11\r\n$4\r\nPING\r\n", True),
    (b"*1048577\r\n", True),
    (b"*2147483647\r\n", True),
    (b"*2147483648\r\n", True),
    (b"*2\r\n$4\r\nECHO\r\n$16384\r\n", False),
    (b"*2\r\n$4\r\nECHO\r\n$16384\r\n" + b"x" * 16384 + b"\r\n", False),
    (b"*2\r\n$4\r\nECHO\r\n$16385\r\n", True),
    (b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\n", True),
    (b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870913\r\n", True),
    (b"PING 1 2 3 4 5 6 7 8 9 10 11 12\r\n", False),
    (b"ECHO " + b"x" * 20_000 + b"\r\n", False),
    (b"AUTH secret\r\n*11\r\n$3\r\nDEL\r\n" + b"$1\r\na\r\n" * 10, False),
    (b"AUTH secret\r\n*2\r\n$4\r\nECHO\r\n$16385\r\n" + b"x" * 16385 + b"\r\n", False),
    (b"AUTH wrong\r\n*11\r\n$3\r\nDEL\r\n", True),
    (b"AUTH secret\r\nRESET\r\n*11\r\n$3\r\nDEL\r\n", True),
    (b"HELLO 3 AUTH default secret NOSUCH\r\n*11\r\n$3\r\nDEL\r\n" + b"$1\r\na\r\n" * 10, False),
    (b"QUIT\r\n", True),
    (b"post somewhere\r\n", True),
]

# ---------------------------------------------------------------------------------------------------------------------
# Scripts: a connection's number and a command a line, as redis-cli takes it. {id N} is that connection's number at the
# server; a line that ends with & is sent together with the next. A script is run whole or, if Larder lacks one of its
# commands, not at all.

SCRIPTS = {
    "a watched key that changes stops EXEC": """
        1 SET a 1
        1 WATCH a b
        2 SET a 2
        1 MULTI
        1 SET c 1
        1 EXEC
        1 GET c
    """,
    "a watched key that changes back stops EXEC too": """
        1 SET a 1
        1 WATCH a
        2 SET a 2
        2 SET a 1
        1 MULTI
        1 GET a
        1 EXEC
    """,
    "a watched key that another only reads does not": """
        1 SET a 1
        1 WATCH a
        2 GET a
        2 EXISTS a
        2 TTL a
        1 MULTI
        1 GET a
        1 EXEC
    """,
    "REPLICAOF looks at the port before anything else": """
        1 REPLICAOF NO 65536
        1 REPLICAOF NO -1
        1 SLAVEOF ONE NO
        1 SLAVEOF NO 18446744073709551616
        1 REPLICAOF no one
    """,
    "a watched key in another database is another key": """
        1 WATCH a
        2 SELECT 1
        2 SET a 1
        1 MULTI
        1 PING
        1 EXEC
    """,
    "DEL of a watched key that is not there changes nothing": """
        1 WATCH absent
        2 DEL absent
        1 MULTI
        1 PING
        1 EXEC
        1 WATCH absent
        2 SET absent 1
        2 DEL absent
        1 MULTI
        1 PING
        1 EXEC
    """,
    "FLUSHALL changes the watched keys that were there": """
        1 SET a 1
        1 WATCH a
        2 FLUSHALL
        1 MULTI
        1 PING
        1 EXEC
        1 WATCH a
        2 FLUSHALL
        1 MULTI
        1 PING
        1 EXEC
    """,
    "SWAPDB changes watched keys": """
        1 SET a 1
        1 WATCH a
        2 SWAPDB 0 1
        1 MULTI
        1 PING
        1 EXEC
        1 SWAPDB 0 1
        1 WATCH a
        2 SWAPDB 2 3
        1 MULTI
        1 PING
        1 EXEC
        1 WATCH b
        2 SWAPDB 0 1
        2 FLUSHALL
        1 MULTI
        1 PING
        1 EXEC
        1 SELECT 1
        1 SET b 1
        2 WATCH b
        1 SWAPDB 1 0
        1 FLUSHALL
        2 MULTI
        2 PING
        2 EXEC
    """,
    "RENAME and EXPIRE change watched keys": """
        1 SET a 1
        1 WATCH b
        2 RENAME a b
        1 MULTI
        1 PING
        1 EXEC
        1 WATCH b
        2 EXPIRE b 10000
        1 MULTI
        1 PING
        1 EXEC
        1 WATCH b
        2 PERSIST b
        1 MULTI
        1 PING
        1 EXEC
    """,
    "UNWATCH, DISCARD, EXEC and RESET forget the keys": """
        1 WATCH a
        1 UNWATCH
        2 SET a 1
        1 MULTI
        1 PING
        1 EXEC
        1 WATCH a
        1 MULTI
        1 DISCARD
        2 SET a 2
        1 MULTI
        1 PING
        1 EXEC
        1 WATCH a
        1 RESET
        2 SET a 3
        1 MULTI
        1 PING
        1 EXEC
    """,
    "what is wrong while commands are kept spoils EXEC": """
        1 MULTI
        1 GET
        1 SET a 1
        1 EXEC
        1 MULTI
        1 NOSUCH
        1 EXEC
        1 MULTI
        1 CLIENT NOSUCH
        1 EXEC
        1 MULTI
        1 MULTI
        1 PING
        1 EXEC
        1 MULTI
        1 WATCH a
        1 PING
        1 EXEC
        1 EXEC
        1 DISCARD
        1 GET a
    """,
    "what is wrong while commands run does not stop the others": """
        1 SET a x
        1 MULTI
        1 INCR a
        1 SET b 1
        1 SELECT 99
        1 GET b
        1 EXEC
    """,
    "a transaction changes database and protocol": """
        1 MULTI
        1 SELECT 3
        1 SET a 1
        1 GET absent
        1 HELLO 3
        1 GET absent
        1 EXEC
        1 GET a
        1 GET absent
    """,
    "QUIT and RESET inside a transaction": """
        1 MULTI
        1 SET a 1
        1 RESET
        1 GET a
        1 EXEC
        1 MULTI
        1 SET a 1
        1 QUIT
        1 GET a
    """,
    "a name lives as long as its connection": """
        1 CLIENT GETNAME
        1 CLIENT SETNAME one
        1 CLIENT GETNAME
        2 CLIENT GETNAME
        1 HELLO 3 SETNAME two
        1 CLIENT GETNAME
        1 CLIENT SETNAME "no good"
        1 CLIENT GETNAME
        1 RESET
        1 CLIENT GETNAME
    """,
    "what HELLO refuses leaves everything as it was": """
        1 HELLO 4
        1 HELLO abc
        1 HELLO 3 NOSUCH
        1 HELLO 3 AUTH default
        1 HELLO 3 AUTH nobody secret
        1 HELLO 3 SETNAME "no good"
        1 GET absent
        1 HELLO 3
        1 GET absent
        1 HELLO
        1 HELLO 2
        1 GET absent
    """,
    "KILL of another connection": """
        1 CLIENT KILL ID {id 2}
        2 PING
        2 PING
        1 CLIENT KILL TYPE normal
        2 PING
        1 CLIENT KILL ID {id 1} SKIPME yes
        1 CLIENT KILL ID {id 1} SKIPME no
        1 PING
    """,
    "PAUSE holds writes, or all": """
        1 CLIENT PAUSE 30 WRITE
        2 GET a
        2 SET a 1
        1 CLIENT PAUSE 30
        2 GET a
        1 CLIENT UNPAUSE
        2 GET a
    """,
    "a password: who was there goes on, who comes logs in": """
        1 CONFIG GET requirepass
        1 CONFIG SET requirepass secret
        1 CONFIG GET requirepass
        1 PING
        2 PING
        3 QUIT
        3 PING
        3 AUTH wrong
        3 AUTH ""
        3 AUTH secret1
        3 AUTH default wrong
        3 AUTH Default secret
        3 AUTH nobody secret
        3 AUTH a b c
        3 AUTH
        3 GET a
        3 AUTH secret
        3 GET a
        3 AUTH wrong
        3 GET a
        3 ACL WHOAMI
        3 CLIENT INFO
        3 CLIENT LIST
        4 QUIT
        4 AUTH default secret
        4 GET a
        1 CONFIG SET requirepass "two words"
        4 GET a
        4 RESET
        4 AUTH secret
        4 AUTH "two words"
        1 CONFIG SET requirepass ""
        2 AUTH secret
        2 AUTH default anything
        2 AUTH nobody anything
    """,
    "a password: what is checked before it": """
        1 CONFIG SET requirepass secret
        2 RESET
        2 GET
        2 GET a
        2 NOSUCH a b
        2 CLIENT
        2 CLIENT NOSUCH
        2 CLIENT REPLY OFF
        2 CONFIG SET requirepass ""
        2 MULTI
        2 DISCARD
        2 EXEC
        2 EXEC a
        2 WATCH a
        2 MONITOR
        2 SHUTDOWN NOSAVE
        2 RESET a
        2 RESET
        2 QUIT a b
        2 PING
    """,
    "a password: HELLO": """
        1 CONFIG SET requirepass secret
        2 RESET
        2 HELLO
        2 HELLO 3
        2 HELLO 4
        2 HELLO abc
        2 HELLO 3 SETNAME me
        2 HELLO 3 SETNAME "no good"
        2 HELLO 3 NOSUCH
        2 HELLO 3 AUTH default
        2 HELLO 3 AUTH default wrong
        2 HELLO 3 AUTH nobody secret
        2 PING
        2 HELLO 3 AUTH default secret NOSUCH
        2 CLIENT GETNAME
        2 GET a
        2 RESET
        2 HELLO 3 SETNAME you AUTH default secret
        2 CLIENT GETNAME
        2 GET a
        2 HELLO 3 AUTH default wrong
        2 HELLO 2
        2 GET a
        2 RESET
        2 GET a
        2 HELLO 2 AUTH default secret SETNAME we
        2 CLIENT GETNAME
    """,
    "a password that goes and comes back": """
        1 CONFIG SET requirepass secret
        2 RESET
        1 CONFIG SET requirepass ""
        2 PING
        2 HELLO 3
        2 AUTH secret
        2 HELLO 3 AUTH default any
        2 RESET
        1 CONFIG SET requirepass secret
        2 PING
        3 QUIT
        1 CONFIG SET requirepass ""
        3 PING
        1 CONFIG SET requirepass other
        3 PING
        3 AUTH secret
        3 AUTH other
        3 PING
    """,
    "a password and transactions": """
        1 CONFIG SET requirepass secret
        2 QUIT
        2 AUTH secret
        2 MULTI
        2 AUTH wrong
        2 AUTH secret
        2 EXEC
        3 QUIT
        3 PING
        1 CONFIG SET requirepass ""
        3 MULTI
        3 SET a 1
        1 CONFIG SET requirepass other
        3 SET b 1
        3 GET
        3 DISCARD
        3 AUTH other
        3 HELLO
        3 EXEC
        3 AUTH other
        3 GET a
        3 MULTI
        3 CONFIG SET requirepass third
        3 GET a
        3 EXEC
        3 GET a
        4 MULTI
        4 SET a 1
        4 RESET
        4 EXEC
        4 AUTH third &
        4 GET a &
        4 RESET &
        4 GET a
    """,
    "a password is set with all else or not at all": """
        1 CONFIG SET requirepass secret timeout abc
        1 CONFIG GET requirepass
        1 CONFIG SET timeout -1 requirepass secret
        1 CONFIG SET requirepass a requirepass b
        1 CONFIG SET requirepass
        1 CONFIG SET requirepass secret NOSUCH 1
        1 CONFIG GET requirepass
        1 CONFIG SET REQUIREPASS "a\\x00\\xff\\r\\nb" timeout 0
        1 CONFIG GET requirepass
        2 RESET
        2 AUTH a
        2 AUTH "a\\x00\\xff\\r\\nb"
    """,
    "a password by its digest": """
        1 ACL LIST
        1 ACL GETUSER default
        1 CONFIG SET requirepass secret
        1 ACL LIST
        1 ACL GETUSER default
        1 ACL WHOAMI
        1 ACL USERS
    """,
    "the last millisecond of all": """
        1 SET a 1 PXAT 9223372036854775807
        1 PEXPIRETIME a
    """,
    "what was slow": """
        1 SLOWLOG RESET
        1 CONFIG SET slowlog-log-slower-than 0
        1 PING
        1 SLOWLOG GET
        1 SLOWLOG LEN
    """,
    "durations, with more time gone by at one server than at the other": """
        1 SET a 1 EX 10000
        1 DEBUG SLEEP 0.02 &
        1 PTTL a
        1 TTL a
        1 TTL absent
    """,
    "deadlines that depend on when the command came": """
        1 DEBUG SLEEP 0.02 &
        1 SET a 1 EX 10000 &
        1 PEXPIRETIME a
    """,
    "how long ago, after a second": """
        1 SET a 1
        1 DEBUG SLEEP 0.6
        1 OBJECT IDLETIME a
    """,
    "a command's row": """
        1 COMMAND INFO get client nosuch
    """,
    "what commands take": """
        1 COMMAND DOCS
        1 COMMAND DOCS set copy client|kill nosuch client|nosuch
        1 COMMAND DOCS nosuch
    """,
    "questions whose answers are each server's own": """
        1 COMMAND COUNT
        1 COMMAND LIST
        1 COMMAND LIST FILTERBY PATTERN *|*
        1 COMMAND LIST FILTERBY ACLCAT scripting
        1 COMMAND LIST FILTERBY ACLCAT slow
        1 COMMAND LIST FILTERBY MODULE json
        1 COMMAND DOCS get
        1 COMMAND
        1 INFO
        1 INFO server
        1 INFO everything
        1 INFO default commandstats nosuch
        1 INFO nosuch
        1 HELLO
        1 HELLO 3
        1 COMMAND DOCS get
        1 INFO
    """,
    "numbers of connections": """
        1 CLIENT ID
        2 CLIENT ID
        3 CLIENT ID
    """,
    "time": """
        1 TIME
    """,
    "the connection's own line": """
        1 CLIENT SETNAME me
        1 SELECT 3
        1 CLIENT INFO
        1 CLIENT LIST
        1 HELLO 3
        1 CLIENT INFO
        2 CLIENT LIST
    """,
    "keys in any order": """
        1 MSET a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8
        1 KEYS *
    """,
    "any key": """
        1 MSET a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8
        1 RANDOMKEY
        1 RANDOMKEY
        1 RANDOMKEY
        1 RANDOMKEY
        1 RANDOMKEY
        1 RANDOMKEY
        1 RANDOMKEY
        1 RANDOMKEY
    """,
    "a page of keys": """
        1 MSET a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8
        1 SCAN 0 COUNT 3
    """,
    "sizes": """
        1 SET a "some value"
        1 MEMORY USAGE a
        1 MEMORY USAGE absent
        1 MEMORY USAGE a SAMPLES -1
        1 MEMORY STATS
        1 SELECT 3
        1 SET a 1 EX 10000
        1 MEMORY STATS
        1 MEMORY STATS a
        1 MEMORY DOCTOR
        1 MEMORY MALLOC-STATS
        1 MEMORY PURGE
        1 MEMORY NOSUCH
    """,
    "what an object looks like": """
        1 SET a "some value"
        1 DEBUG OBJECT a
        1 SET b 17
        1 OBJECT REFCOUNT b
    """,
    "help": """
        1 CLIENT HELP
        1 COMMAND HELP
        1 PUBSUB HELP
        1 DEBUG HELP
    """,
    "settings": """
        1 CONFIG GET maxmemory
        1 CONFIG GET maxclients
        1 CONFIG GET nosuch
        1 CONFIG GET *
        1 CONFIG GET save APPENDONLY "slave-*" timeout
        1 CONFIG SET timeout abc databases 16
        1 CONFIG SET timeout 1 Timeout 2
        1 CONFIG SET maxmemory 200mb
        1 CONFIG GET maxmemory
        1 CONFIG SET maxmemory 300000k timeout abc
        1 CONFIG SET maxmemory -1
        1 CONFIG SET maxmemory ""
        1 CONFIG SET maxmemory 0gb
        1 CONFIG GET maxmemory-policy
        1 SET a "stored below another limit"
        1 CONFIG SET timeout 1 hz
    """,
    "none of a peer's bytes but printable ones": """
        1 "NO\\xffSUCH" "\\x00\\x7f"
        1 CLIENT "no\\xffsuch"
        1 HELLO 3 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    """,
}

# What Larder must have in the end: the commands of issue 4 that 7.0.15 knows.
REQUIRED = """
    get set setex psetex setnx getset getdel getex mget mset msetnx append strlen getrange substr setrange incr decr incrby
    decrby incrbyfloat lcs
    del unlink exists touch type expire pexpire expireat pexpireat ttl pttl expiretime pexpiretime persist rename renamenx
    copy move swapdb randomkey keys scan dbsize flushdb flushall select object|encoding object|freq object|idletime
    object|refcount object|help memory|usage memory|stats memory|doctor memory|malloc-stats memory|purge memory|help
    hello auth ping echo quit reset time client|id client|info client|list client|getname client|setname client|kill
    client|pause client|unpause client|reply client|no-evict client|help command command|count command|info command|docs
    command|list command|getkeys command|getkeysandflags command|help info config|get config|set config|resetstat config|rewrite slowlog|get
    slowlog|len slowlog|reset slowlog|help latency|latest latency|history latency|reset latency|help monitor shutdown debug
    wait function|flush unsubscribe punsubscribe sunsubscribe
    multi exec discard watch unwatch
""".split()
