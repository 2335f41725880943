"""Redis 7.0.15 and Larder are sent the same, and must say the same: scripts, malformed frames, random streams.

Method: README.md. What may differ is in intended.py. A test that fails prints its seed, the shortest steps that still
differ, and both replies; LARDER_SEED repeats a stream, run.py looks further.
"""

import contextlib
import fnmatch
import functools
import os
import random
import secrets
import socket
import threading

import pytest

import campaign
import commands
import servers
from grammar import Writer, kinds_of, read
from harness import Judge, fresh_pair, play
from introspection import FREE_SETTINGS, LEFT_OUT, NOT_SETTINGS, SETTINGS_ALL_THE_SAME, pairs, sections
from servers import Server
from streams import Step

SEEDS = range(1, 9)
LENGTH = 1500
JUDGE = Judge()


@functools.cache
def of_script(name, protocol):
    lacks = campaign.script_lacks(commands.SCRIPTS[name])
    return lacks, None if lacks else campaign.play_script(commands.SCRIPTS[name], protocol, JUDGE)


@functools.cache
def of_frames():
    return campaign.play_frames(commands.FRAMES + commands.CARELESS_FRAMES, JUDGE)


@functools.cache
def of_strangers_frames():
    frames = commands.FRAMES + commands.CARELESS_FRAMES + commands.STRANGERS_FRAMES
    return campaign.play_frames(frames, JUDGE, password="secret")


@functools.cache
def of_seed(seed):
    return campaign.play_seed(seed, LENGTH, JUDGE)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("name", commands.SCRIPTS)
def test_script(name, protocol):
    lacks, difference = of_script(name, protocol)
    if lacks:
        pytest.skip(f"Larder lacks {' '.join(lacks)}")
    assert difference is None, f"\n{difference}"


def test_frames_that_are_no_commands():
    assert not of_frames(), "\n" + "\n".join(of_frames())


def test_frames_of_who_has_not_logged_in():
    assert not of_strangers_frames(), "\n" + "\n".join(of_strangers_frames())


def test_keys_of_every_command():
    """COMMAND GETKEYS and GETKEYSANDFLAGS, of each command of the tables with all kinds of options."""
    writer = Writer(commands.KINDS, commands.STRAYS, random.Random("keys of every command"))
    steps = []
    for _, notation in commands.ROWS:
        for _ in range(10):
            words = tuple(writer.write(read(notation), is_wild=True))
            asked = [(b"COMMAND", question, *words) for question in (b"GETKEYS", b"GETKEYSANDFLAGS")]
            steps += [Step("command", 1, (each,)) for each in asked if campaign.can(each)]
    for protocol in (b"2", b"3"):
        difference = play([Step("command", 1, ((b"HELLO", protocol),)), *steps], Judge())
        assert difference is None, f"\n{difference}"


@pytest.mark.parametrize("seed", SEEDS)
def test_stream(seed):
    assert of_seed(seed) is None, f"\n{of_seed(seed)}"


def test_stream_of_a_fresh_seed():
    seed = os.environ.get("LARDER_SEED") or str(secrets.randbelow(1 << 32))
    print(f"LARDER_SEED={seed}")
    found = campaign.play_seed(seed, LENGTH)
    assert found is None, f"\n{found}"


def test_larder_has_every_command():
    lacks = campaign.lacking()
    assert not (lacks and campaign.ALL), lacks
    if lacks:
        pytest.skip(f"not sent, since Larder lacks them: {' '.join(lacks)}")


def test_every_command_of_redis_is_served_or_refused_as_one_that_is_not_yet():
    redis_has, larder_has = campaign.abilities()
    absent = sorted(redis_has - larder_has)
    wrong = {}
    with servers.larder() as larder:
        for name in absent:
            reply = larder.ask(*name.split("|"))
            is_refusal = reply.value.startswith(b"ERR unknown ") and reply.value.endswith(b" not served yet")
            if reply.kind != "-" or not (is_refusal or reply.value == b"ERR This instance has cluster support disabled"):
                wrong[name] = reply
    assert absent and not wrong


def test_every_intended_difference_is_needed():
    """By a script, a frame or a fixed seed."""
    for name in commands.SCRIPTS:
        for protocol in (2, 3):
            of_script(name, protocol)
    of_frames()
    for seed in SEEDS:
        of_seed(seed)
    assert not campaign.unneeded(JUDGE)


def test_what_larder_does_not_tell_of_itself_is_told_by_redis():
    with fresh_pair() as (redis, _):
        settings = [name.decode() for name in pairs(redis.ask("CONFIG", "GET", "*"))]
        figures = {name for fields in sections(redis.ask("INFO", "everything")).values() for name in fields}
    for pattern in " ".join(NOT_SETTINGS).split():
        assert fnmatch.filter(settings, pattern), pattern
    for name in SETTINGS_ALL_THE_SAME:
        assert any(fnmatch.fnmatchcase(name, pattern) for pattern in " ".join(NOT_SETTINGS).split()), name
    assert LEFT_OUT.keys() <= figures
    assert FREE_SETTINGS <= set(settings)


def test_tables_name_kinds_that_there_are():
    for _, notation in commands.ROWS:
        assert kinds_of(read(notation)) <= commands.KINDS.keys(), notation


# ---------------------------------------------------------------------------------------------------------------------
# The test is tested: between it and Larder stands a proxy that changes one reply.


class Liar:
    """Passes on what it hears, but for a reply `old` that comes alone: that becomes `new`."""

    def __init__(self, target, old, new):
        self.target, self.old, self.new = target, old, new
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                target = socket.create_connection(self.target)
                for end in (peer, target):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.carry, args=(peer, target, bytes), daemon=True).start()
                threading.Thread(target=self.carry, args=(target, peer, self.lie), daemon=True).start()

    def lie(self, data):
        return self.new if data == self.old else data

    @staticmethod
    def carry(source, target, change):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(change(data))
            target.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.close()


@contextlib.contextmanager
def pair_with_liar():
    with fresh_pair() as (redis, larder):
        liar = Liar(larder.address, b":-1\r\n", b":-3\r\n")
        try:
            yield redis, Server("Larder", liar.address)
        finally:
            liar.close()


def test_a_planted_difference_is_found_and_made_short(monkeypatch):
    """TTL of a key without a deadline is told wrong; that takes a command that stores and one that asks."""
    monkeypatch.setattr(campaign, "can", lambda words: words[0].lower() in (b"set", b"get", b"ttl", b"pttl", b"echo", b"exists"))
    found = campaign.play_seed(3, 150, pair_of=pair_with_liar)
    assert found is not None
    assert found.difference.redis == b":-1\r\n" and found.difference.larder == b":-3\r\n"
    assert len(found.steps) == 2, str(found)
    assert found.steps[-1].names()[0] in ("ttl", "pttl")
    assert "LARDER_SEED=3" in str(found)
