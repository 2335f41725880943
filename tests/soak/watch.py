"""WATCH: a transaction must not happen once its key was changed behind its back, and need not happen otherwise.

A connection watches a key of ours, another changes it or does not, the first stores into it inside MULTI. When the change was
acknowledged before EXEC was sent, EXEC must answer null. Without a change it may: the item can leave the cache in between.
"""

from keyspace import Kind
from resp_client import REQUESTS, Refused


def watch_once(client, other, steps, rng):
    """Both are RESP clients. Errors: Lost, of either."""
    key = steps.own_key(Kind.SMALL)
    if key is None:
        return
    is_changed = rng.random() < 0.5
    pending = []
    try:
        pending.append(steps.begin("set", (key,)))  # told before WATCH, sent after it
        if client.command(b"WATCH", pending[0].operation.keys[0]) != b"OK":
            steps.lie("refused", pending[0], client, "WATCH is refused", "OK")
            return
        if is_changed:
            other.send([pending[0].operation])
            steps.settle(pending[0], next(other.replies([pending[0].operation])), other)
            pending[0] = steps.begin("set", (key,))
        client.stream.send(REQUESTS["exec_set"](pending[0].operation))
        for _ in range(2):
            client.read_reply()  # to MULTI and SET
        reply = client.read_reply()
        step = pending.pop()
        if reply is None:
            steps.settle_aborted(step)
        elif isinstance(reply, Refused):
            steps.settle(step, reply, client)
        else:
            steps.settle(step, True, client)
            if is_changed:
                steps.lie("lost update", step, client, "EXEC was done", "null: the watched key was changed before")
    finally:
        for step in pending:
            steps.lose(step)
