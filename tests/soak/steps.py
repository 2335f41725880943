"""What a driver does to keys, a step at a time: drawn, told to the table, and settled when the reply is there.

A step is one request. Before it is sent the table has what it may change; after its reply, what it has changed. If the reply is
lost, or nobody waits for it, the key is in doubt and is left alone for `QUARANTINE_S`.
"""

import random
import time
import typing

import keyspace
import values
from keyspace import Kind
from oracle import Look, Violation, judge, judge_twins
from resp_client import Operation, Refused
from table import State, Table

# How long a request whose connection is gone may still happen: longer than the proxy holds on to bytes (fault_proxy.py), and than
# a busy machine takes to run the proxy and then the server.
QUARANTINE_S = 8

# A log that is longer is stored anew.
LOG_SIZE_MAX = 40_000

# Deadlines, in milliseconds; drawn by their logarithm.
TTL_MS = (50, 8000)


class Step(typing.NamedTuple):
    operation: Operation
    looks: tuple = ()  # of a read: what was known before
    keys: tuple = ()  # of a write
    version: int = 0  # that it makes


class Steps:
    """Threads: one. `found` is called with each Violation; `count` with what a step has shown, and how often."""

    def __init__(self, owner, owner_count, rng: random.Random, table: Table, found, count):
        self._owner, self._owner_count = owner, owner_count
        self._rng, self._table, self._found, self._count = rng, table, found, count
        self._left_alone = {}  # key: until when, by time.monotonic()
        self._stored = {}  # key: bytes; if its last write was acknowledged, and left a value there
        for key in range(owner * keyspace.KEYS_EACH, (owner + 1) * keyspace.KEYS_EACH):
            table.mend(key)
            if table.read(key).is_in_doubt:  # whoever had these keys before was killed
                self._leave_alone(key)

    # Drawing

    def draw(self, client, count):
        """Up to `count` steps that may be sent at once; none changes what another does."""
        steps, written = [], set()
        for _ in range(count):
            step = self._read(client) if self._rng.random() < 0.55 else self._write(client, written)
            if step is None:
                continue
            steps.append(step)
            written.update(step.keys)
            if step.operation.values and len(step.operation.values[0]) > 1 << 20:
                break
        return steps

    def draw_large_reads(self, client, count):
        """Reads that make the server send megabytes."""
        return [self._get((self._key(client, Kind.LARGE),)) for _ in range(count)]

    def own_key(self, kind):
        """A key of ours that may be written now, or None."""
        key = keyspace.draw(self._rng, self._owner, (kind,))
        return None if self._is_left_alone(key) else key

    def _key(self, client, *kinds):
        """Anybody's key that this client can read."""
        while True:
            key = keyspace.draw(self._rng, self._rng.randrange(self._owner_count), kinds or tuple(Kind))
            if client.can_binary or not keyspace.is_binary(key):
                return key

    def _look(self, key):
        return Look(key, self._table.read(key), time.monotonic_ns())

    def _get(self, keys, name="get"):
        return Step(Operation(name, tuple(map(keyspace.name, keys))), looks=tuple(map(self._look, keys)))

    def _read(self, client):
        if "mget" not in client.can or self._rng.random() < 0.6:
            return self._get((self._key(client),))
        if self._rng.random() < 0.5:
            key = self._key(client, Kind.TWIN)
            return self._get((key, keyspace.twin(key)), self._rng.choice(("mget", "exec_get")))
        small = (Kind.SMALL, Kind.COUNTER, Kind.LOG, Kind.MEDIUM)
        keys = [self._key(client, *small) for _ in range(self._rng.randrange(2, 11))]
        return self._get(keys, self._rng.choice(("mget", "exec_get")))

    def _write(self, client, written):
        """A write to a key of ours, or None if what was drawn may not be written now."""
        kinds = [kind for kind in Kind if kind is not Kind.TWIN or "mset" in client.can]
        key = keyspace.draw(self._rng, self._owner, kinds)
        if key in written or self._is_left_alone(key) or (keyspace.is_binary(key) and not client.can_binary):
            return None
        kind, known, chance = keyspace.kind(key), self._stored.get(key), self._rng.random()
        if kind is Kind.TWIN:
            keys = (key, keyspace.twin(key))
            if any(key in written or self._is_left_alone(key) for key in keys):
                return None
            return self.begin("delete" if chance < 0.1 else self._rng.choice(("mset", "exec_set")), keys)
        shows = "getset" in client.can and self._rng.random() < 0.2
        if chance < 0.08:
            return self.begin("getdel" if shows else "delete", (key,))
        if shows and chance > 0.9:
            return self.begin("getset", (key,))
        if known is not None and "append" in client.can:
            if kind is Kind.COUNTER and chance < 0.85:
                return self.begin("incrby", (key,))
            if kind is Kind.LOG and chance < 0.85 and known < LOG_SIZE_MAX:
                return self.begin("append", (key,))
            if kind not in (Kind.COUNTER, Kind.LOG) and chance < 0.2:
                return self.begin("setrange", (key,))
            if kind is not Kind.COUNTER and chance < 0.27:
                return self.begin("expire", (key,))
        # Beyond --line-size-max, and beyond what a text message holds.
        if kind is Kind.LARGE and client.name in {"line", "WebSocket text"}:
            return None
        ttl_ms = self._ttl_ms() if client.can_deadline and kind is not Kind.COUNTER and self._rng.random() < 0.3 else 0
        return self.begin("set", (key,), ttl_ms, is_absolute=bool(ttl_ms) and "mset" in client.can and self._rng.random() < 0.5)

    def _ttl_ms(self):
        low, high = TTL_MS
        return int(low * (high / low) ** self._rng.random())

    def begin(self, name, keys, ttl_ms=0, is_absolute=False):
        """The step that does this to keys of ours, which it tells to the table: it is to be sent."""
        looks = tuple(map(self._look, keys)) if name.startswith("get") else ()
        states = [self._table.read(key) for key in keys]
        version = max(state.sent for state in states) + 1
        data = tuple(self._value(name, key, state, version) for key, state in zip(keys, states, strict=True))
        for key, state in zip(keys, states, strict=True):
            # What INCRBY finds nobody knows; a deadline that EXPIRE may have moved neither.
            changes = {"incrby": {"restarted": 1}, "expire": {"deadline_ns": 0}}.get(name, {})
            self._table.write(key, state._replace(sent=version, **changes))
        if name == "expire":
            ttl_ms = self._ttl_ms()
        data = () if None in data else data
        operation = Operation(name, tuple(map(keyspace.name, keys)), data, ttl_ms, is_absolute)
        return Step(operation, looks, tuple(keys), version)

    def _value(self, name, key, state, version):
        if name in ("delete", "getdel", "expire"):
            return None
        kind = keyspace.kind(key)
        if name == "incrby":
            return b"%d" % (version - state.lowest)
        if kind is Kind.COUNTER:
            return b"%d" % values.counter(key, version)
        size, after = keyspace.draw_size(self._rng, kind), 0
        if name == "setrange":  # all of what is there, and perhaps more: what is left of it would be torn
            size = self._stored[key] + self._rng.randrange(20)
        elif name == "append":
            after = state.lowest
        return values.record(key, version, size, after=after, binary=keyspace.is_binary(key))

    # Settling

    def settle(self, step, reply, client):
        """The reply is there."""
        self._count("requests")
        is_refused_write = step.keys and isinstance(reply, Refused)
        if step.looks and not is_refused_write:
            self._settle_read(step, reply, client)
        if step.keys:
            self._count("writes")
            self._settle_write(step, reply, client)

    def _settle_read(self, step, reply, client):
        datas = reply if isinstance(reply, list) else [reply]
        if isinstance(reply, Refused) or len(datas) != len(step.looks) or any(isinstance(data, (int, Refused)) for data in datas):
            self.lie("refused", step, client, repr(reply)[:200], "a value for each key, or none")
            return
        for look, data in zip(step.looks, datas, strict=True):
            self._count("misses" if data is None else "hits")
            # Nobody but us writes the keys of ours: what is replaced is what was there before.
            after = look.before if step.keys else self._table.read(look.key)
            judgement = judge(look, after, data, client.name)
            self._count("latest_us", judgement.late_ns // 1000)
            if judgement.violation:
                self._found(judgement.violation)
        if violation := judge_twins(step.looks, datas, client.name):
            self._found(violation)

    def _settle_write(self, step, reply, client):
        name = step.operation.name
        if isinstance(reply, Refused):
            # A cache may be short of memory: nothing is left there then, or, for APPEND and its like, what was there.
            self._count("refused")
            if "memory" not in reply:
                self.lie("refused", step, client, reply, "done")
            self.lose(step)
            return
        now_ns = time.monotonic_ns()
        for index, key in enumerate(step.keys):
            deadline_ns = now_ns + step.operation.ttl_ms * 1_000_000 if step.operation.ttl_ms else 0
            state = State(step.version, step.version, step.version, deadline_ns)
            if name == "expire":
                state = state._replace(lowest=self._table.read(key).lowest)
            elif name in ("delete", "getdel"):
                self._stored.pop(key, None)
            elif name == "incrby":
                state = state._replace(restarted=int(self._is_new_counter(step, reply, client)))
                if state.restarted:
                    del self._stored[key]
            elif name == "append":
                self._stored[key] = reply
                self._check_append(step, reply, client)
            else:
                self._stored[key] = self._body_size(step.operation.values[index])
            self._table.write(key, state)

    @staticmethod
    def _body_size(data):
        return int(data.split(b":", 4)[3]) if data.startswith(b"<") else 1

    def settle_aborted(self, step):
        """The reply says that nothing was done."""
        for key in step.keys:
            state = self._table.read(key)
            self._table.write(key, state._replace(settled=step.version))

    def _is_new_counter(self, step, reply, client):
        if reply == int(step.operation.values[0]):
            return True
        if reply != values.counter(step.keys[0], step.version):
            self.lie("counter", step, client, f"INCRBY says {reply}",
                      f"{values.counter(step.keys[0], step.version)}, or {int(step.operation.values[0])} after an eviction")
        return False

    def _check_append(self, step, reply, client):
        size = len(step.operation.values[0])
        if not isinstance(reply, int) or reply < size:
            self.lie("append", step, client, f"a length of {reply}", f"at least {size}")

    def lose(self, step):
        """No reply will come, or none that tells."""
        for key in step.keys:
            self._leave_alone(key)

    def _leave_alone(self, key):
        self._stored.pop(key, None)
        self._left_alone[key] = time.monotonic() + QUARANTINE_S

    def _is_left_alone(self, key):
        until = self._left_alone.get(key)
        if until is None or until > time.monotonic():
            return until is not None
        del self._left_alone[key]
        return False

    def lie(self, sort, step, client, read, allowed):
        """Tells of a reply that must not be."""
        key = step.keys[0] if step.keys else step.looks[0].key
        self._found(Violation(sort, key, client.name, f"{step.operation.name}: {read}", allowed))
