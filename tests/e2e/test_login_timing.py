"""By the clock nobody learns which users there are: a wrong name is refused after as long as a wrong password.

Method: over each protocol, wrong passwords for a user who exists, for names that nobody has, one of which begins his and one of
which he begins, and for `default`, in turns; a rank test (apart.py) must not tell their times from his, at a chance of one in a
million for each. Nobody is held back (--login-delay-max 0), and a password is tried in some milliseconds, so that whatever
else differs is as large a part as may be. That the test would notice is shown with a user whose password is cheaper to try,
and with made-up times.
"""

import base64
import json
import random

import pytest

from accounts import scrypt_hash, write_users
from apart import ALPHA, likelihood_of_same, sample, told_apart
from frames import frame, open_websocket, read_frame

ROUNDS = 40
N = 2048  # 2 MiB: some milliseconds
SEED = 20


class OverResp:
    """One connection. refuse() sends a wrong password, and answers with what the refusal said."""

    def __init__(self, server):
        self.peer = server.peer("resp")

    def refuse(self, name):
        self.peer.send(f"AUTH {name} wrong\r\n".encode())
        return self.peer.read_line()


class OverLine:
    def __init__(self, server):
        self.peer = server.peer("line")

    def refuse(self, name):
        self.peer.send(f"auth {name} wrong\r\n".encode())
        return self.peer.read_line()


class OverHttp:
    """A refusal ends the connection: each has its own, and connecting is part of its time."""

    def __init__(self, server):
        self.server = server

    def refuse(self, name):
        login = base64.b64encode(f"{name}:wrong".encode()).decode()
        with self.server.peer("http") as peer:
            peer.send(f"GET /v1/keys/k HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {login}\r\n\r\n".encode())
            return peer.read_all()


class OverWebSocket:
    def __init__(self, server):
        self.peer = open_websocket(server)

    def refuse(self, name):
        self.peer.send(frame(1, json.dumps({"id": 0, "auth": [name, "wrong"]}).encode()))
        return read_frame(self.peer)[1]


OVER = {"RESP": OverResp, "line": OverLine, "HTTP": OverHttp, "WebSocket": OverWebSocket}
REFUSALS = {
    "RESP": b"-WRONGPASS invalid",
    "line": b"ERROR wrong user or password",
    "HTTP": b"HTTP/1.1 401",
    "WebSocket": b'{"id":0,"error":"This is no user',
}

NAMES = {
    "a user": "administrator",
    "no user": "stranger",
    "a prefix": "admin",
    "more than a name": "administrator2",
    "default": "default",
}


@pytest.fixture(scope="module")
def hashes():
    return {"administrator": scrypt_hash("red", N), "reader": scrypt_hash("blue", N)}


@pytest.fixture
def start_server(start_server, tmp_path):
    """With the password of `default`, and users if there are any."""
    secret = tmp_path / "secret"
    secret.write_text("green\n", encoding="utf-8")
    secret.chmod(0o600)

    def start(hashes):
        users = ("--users", write_users(tmp_path / "users.toml", hashes)) if hashes else ()
        return start_server(*users, "--password-file", secret, "--login-delay-max", "0")

    return start


def times_of(server, protocol, names, rounds):
    """Of refusals, by what the names are; and that all of them say the same."""
    over = OVER[protocol](server)
    texts = {over.refuse(name) for name in names.values()}  # not timed: what is only so the first time
    times = sample({what: lambda name=name: texts.add(over.refuse(name)) for what, name in names.items()}, rounds, SEED)
    assert len(texts) == 1 and texts.pop().startswith(REFUSALS[protocol])
    return times


@pytest.mark.parametrize("protocol", OVER)
def test_a_wrong_name_takes_as_long_as_a_wrong_password(start_server, hashes, protocol):
    times = times_of(start_server(hashes), protocol, NAMES, ROUNDS)
    assert min(times["no user"]) > 1e-3, "was a password tried at all?"
    assert not told_apart(times, "a user")


@pytest.mark.parametrize("protocol", OVER)
def test_the_same_without_users(start_server, protocol):
    names = {"default": "default", "no user": "stranger", "a prefix": "defaul"}
    times = times_of(start_server({}), protocol, names, 5 * ROUNDS)
    assert not told_apart(times, "default")


@pytest.mark.parametrize("protocol", OVER)
def test_a_user_who_is_cheaper_to_try_is_told_apart(start_server, protocol):
    """As --hash-password writes it, and as if nothing had been tried: on a busy machine too."""
    server = start_server({"administrator": scrypt_hash("red", 1 << 15), "cheap": scrypt_hash("red", 2)})
    times = times_of(server, protocol, {"a user": "administrator", "cheap": "cheap"}, ROUNDS // 2)
    assert set(told_apart(times, "a user")) == {"cheap"}


def made_up(rng, usual, count=ROUNDS):
    """As of a busy machine: a spread of a tenth, and every tenth takes up to ten times as long."""
    return [usual * rng.lognormvariate(0, 0.1) * (rng.uniform(1, 10) if rng.random() < 0.1 else 1) for _ in range(count)]


def test_made_up_times_are_told_apart_if_and_only_if_they_differ():
    rng = random.Random(SEED)
    for _ in range(1000):
        assert likelihood_of_same(made_up(rng, 5), made_up(rng, 5)) >= ALPHA
        assert likelihood_of_same(made_up(rng, 5), made_up(rng, 0.1)) < ALPHA
    found = sum(likelihood_of_same(made_up(rng, 5), made_up(rng, 6)) < ALPHA for _ in range(1000))
    assert found > 500  # a fifth more, most of the time


def test_equal_times_are_the_same():
    assert likelihood_of_same([1.0] * 30, [1.0] * 30) == 1
    assert likelihood_of_same([1.0] * 30, [2.0] * 30) < ALPHA
