"""From a seed to what is sent: streams of steps, and steps from scripts. Nothing here talks to a server."""

import dataclasses
import random
import shlex

import commands
from grammar import Writer, read
from wire import inline, request


@dataclasses.dataclass(frozen=True)
class Step:
    """What one connection sends and what comes back for it.

    kind      command   one command, one reply
              silent    several, of which only those in `commands` are answered
              frame     bytes that are no command; the connection is used up by them
              scan      SCAN from 0 until the cursor is 0 again
    """

    kind: str
    connection: int
    commands: tuple = ()
    data: bytes = None  # bytes to send; None: the commands as arrays
    joined: bool = False  # not waited for: what comes next on this connection is sent with it
    must_end: bool = False  # a frame after which the server must close

    def names(self):
        return [name_of(words) for words in self.commands]

    def bytes_for(self, ids):
        """`ids`: what stands for {id N} at this server."""
        if self.data is not None:
            return self.data
        return b"".join(request([ids.get(word, word) for word in words]) for words in self.commands)

    def __str__(self):
        shown = "; ".join(" ".join(map(shown_word, words)) for words in self.commands)
        if self.kind in ("frame", "silent"):
            shown = f"{self.kind} {self.data[:200]!r}{'...' if len(self.data) > 200 else ''} {shown}"
        elif self.data is not None:
            shown += " (inline)"
        return f"{self.connection} {shown}{' (with the next)' if self.joined else ''}"


def shown_word(word):
    return repr(word)[1:] if len(word) < 200 else f"{repr(word[:50])[1:]}... ({len(word)} bytes)"


CONTAINERS = (b"client", b"command", b"config", b"function", b"latency", b"memory", b"object", b"pubsub",
              b"slowlog")
NAMING = ("command|info", "command|docs", "command|getkeys", "command|getkeysandflags")


def name_of(words):
    """As COMMAND LIST has it."""
    name = words[0].lower() if words else b""
    if name in CONTAINERS and len(words) > 1:
        name += b"|" + words[1].lower()
    return name.decode("latin-1")


def missing(words, redis_has, larder_has):
    """What Redis has and this command needs, and Larder lacks."""
    name = name_of(words)
    if name not in redis_has:
        name = name.split("|")[0]
    needed = [name]
    if name in NAMING:
        needed += [word.decode("latin-1").lower() for word in words[2:]]
    return [each for each in needed if each in redis_has and each not in larder_has]


class Tables:
    """The tables, read once. `can(words)`: may that be sent?"""

    def __init__(self, can):
        self.can = can
        rows = [row for row in commands.ROWS if row not in commands.AS_THEY_ARE + commands.LOGINS]
        self.spoilable = [(weight, read(notation)) for weight, notation in rows]
        self.as_they_are = [(weight, read(notation)) for weight, notation in commands.AS_THEY_ARE]
        self.transactions = [(weight, read(notation)) for weight, notation in commands.TRANSACTIONS]
        self.logins = [(weight, read(notation)) for weight, notation in commands.LOGINS]


class Stream:
    """A random stream. The shape of it, one connection or several, pipelines or not, RESP2 or RESP3, is drawn too."""

    def __init__(self, seed, length, tables):
        self.rng = random.Random(f"larder {seed}")
        self.tables = tables
        self.length = length
        self.writer = Writer(commands.KINDS, commands.STRAYS, self.rng)
        self.connections = self.rng.choice([1, 1, 2, 3, 4])
        self.is_pipelined = self.connections == 1 and self.rng.random() < 0.7
        self.p_wrong = self.rng.choice([0.05, 0.2, 0.5])
        self.p_inline = self.rng.choice([0, 0.02, 0.3])
        self.p_resp3 = self.rng.choice([0, 1, 0.5])
        self.p_transaction = self.rng.choice([0, 0.1, 0.3])
        self.p_login = self.rng.choice([0, 0, 0, 0.1, 0.3])
        # Redis closes a connection that has to log in again while more than a kilobyte of replies is on its way: no
        # pipelines, and no password set in the middle of a transaction.
        self.is_pipelined = self.is_pipelined and not self.p_login

    def __str__(self):
        shape = "pipelined" if self.is_pipelined else f"{self.connections} connections"
        return (f"{shape}, {self.p_wrong:.0%} wrong, {self.p_inline:.0%} inline, {self.p_resp3:.0%} RESP3, "
                f"{self.p_transaction:.0%} for transactions, {self.p_login:.0%} for logins")

    def steps(self):
        steps = []
        for connection in range(1, self.connections + 1):
            if self.rng.random() < self.p_resp3:
                steps.append(Step("command", connection, ((b"HELLO", b"3"),)))
        while len(steps) < self.length:
            steps += self.next()
        return steps

    def draw(self, table):
        weights = [weight for weight, _ in table]
        return self.rng.choices([tree for _, tree in table], weights)[0]

    def next(self):
        rng = self.rng
        connection = rng.randrange(self.connections) + 1
        special = rng.random()
        if special < 0.01:
            return [self.frame(connection)]
        if special < 0.015:
            return self.silence(connection)
        if special < 0.03:
            return self.scan(connection)
        words = self.command()
        if not words or not self.tables.can(words):
            return []
        steps = [self.step(connection, words)]
        # Not in a transaction, where the replies of others would wait with it: see p_login.
        if b"requirepass" in words and words[1].lower() == b"set":
            steps.insert(0, Step("command", connection, ((b"DISCARD",),)))
        # Met at once, so that both count the same keys afterwards.
        if commands.stores_what_is_past(words):
            steps.append(Step("command", connection, ((b"EXISTS", words[1]),)))
        return steps

    def command(self):
        rng = self.rng
        if rng.random() < self.p_transaction:
            table = self.tables.transactions
        elif rng.random() < self.p_login:
            return self.writer.write(self.draw(self.tables.logins), False)
        elif rng.random() < 0.03:
            return self.writer.write(self.draw(self.tables.as_they_are), False)
        else:
            table = self.tables.spoilable
        is_wrong = rng.random() < self.p_wrong
        words = self.writer.write(self.draw(table), is_wrong and rng.random() < 0.5)
        while is_wrong and rng.random() < 0.7:
            words = self.writer.spoil(words)
        return commands.without_hazards(words)

    def step(self, connection, words):
        rng = self.rng
        # No words on a line are no command, and one that begins with '*' is an array.
        is_inline = rng.random() < self.p_inline and words != [b""] and sum(map(len, words)) < 10_000
        data = inline(words, rng) if is_inline else None
        if data is not None and data[:1] == b"*":
            data = None
        joined = self.is_pipelined and rng.random() < 0.9
        return Step("command", connection, (tuple(words),), data, joined)

    def frame(self, connection):
        rng = self.rng
        if rng.random() < 0.3:
            data, must_end = rng.choice(commands.FRAMES)
            return Step("frame", connection, data=data, must_end=must_end)
        # Commands that change nothing, since what is left of them may be one.
        words = rng.choice([(b"PING",), (b"ECHO", b"again"), (b"GET", b"a"), (b"EXISTS", b"a", b"b", b"c")])
        data = bytearray(request(words))
        for _ in range(rng.choice([1, 1, 2])):
            at = rng.choice([i for i, byte in enumerate(data) if byte not in b"\r\n"])
            data[at] = rng.choice(b"*$-+:0123456789 x\x00\xff\"'")
        return Step("frame", connection, data=bytes(data))

    def silence(self, connection):
        """CLIENT REPLY OFF, a few commands, and ON; or SKIP and one. DISCARD first: in a transaction they are kept. Who has
        to log in is answered each time, so there is none of this where there may be a password."""
        off, on = (b"CLIENT", b"REPLY", b"OFF"), (b"CLIENT", b"REPLY", b"ON")
        skip, discard = (b"CLIENT", b"REPLY", b"SKIP"), (b"DISCARD",)
        quiet = [(b"SET", b"a", b"quiet"), (b"GET", b"a"), (b"NOSUCH",), (b"GET",), (b"INCR", b"counter"), (b"PING",)]
        if self.p_login or not self.tables.can(on):
            return []
        if self.rng.random() < 0.5:
            sent = [discard, off, *self.rng.sample(quiet, 3), on]
            answered = (discard, on)
        else:
            sent = [discard, skip, self.rng.choice(quiet), (b"PING",)]
            answered = (discard, (b"PING",))
        return [Step("silent", connection, answered, b"".join(map(request, sent)))]

    def scan(self, connection):
        words = self.writer.write(SCAN_OPTIONS, False)
        if not self.tables.can((b"SCAN",)):
            return []
        # Out of a transaction first, where SCAN would be kept.
        return [Step("command", connection, ((b"DISCARD",),)), Step("scan", connection, (tuple(words),))]


SCAN_OPTIONS = read("[MATCH pattern] [COUNT (1|2|3|10|1000)] [TYPE ('string'|'list'|'STRING')]")


def script_steps(text):
    """The steps of a script of commands.SCRIPTS."""
    steps = []
    for line in text.strip().splitlines():
        connection, command = line.strip().split(" ", 1)
        joined = command.endswith(" &")
        protected = command.removesuffix(" &").replace("{id ", "{id_")
        words = tuple(
            word.replace("{id_", "{id ").encode("latin-1").decode("unicode_escape").encode("latin-1")
            for word in shlex.split(protected)
        )
        steps.append(Step("command", int(connection), (words,), joined=joined))
    return steps
