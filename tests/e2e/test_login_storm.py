"""Wrong passwords by the thousand: all that they hold up is other logins from where they come, and that within bounds.

Method: storm.py guesses in a process of its own for as long as the test wants, and says what came of each guess. Meanwhile
somebody who is logged in reads, and others come with the right password from an address where nobody guesses. How long each
waits varies with the machine; that each is answered, how many logins wait at most, and the counts do not. A read that waited
for passwords to be tried would wait for seconds. What p99 is, bench/login_storm.py measures.
"""

import multiprocessing
import select
import time

import pytest

from accounts import scrypt_hash, write_users
from crowd import Crowd, idle_count
from programs import PATIENCE_S
from storm import addresses, guess_at_rate
from test_transport_withstand import Watcher

MB = 1 << 20
RATE = 1000
READ_S = 0.25  # nine of ten reads take less, on a machine however busy
WAITING_MAX = 8192  # attempts, together
PLACE_WAITING_MAX = 1024
SCRYPT_SIZE = 32 * MB
CONNECTION_SIZE_MAX = 6000  # who waits, with all that is his
VISITORS = [f"visitor{number}" for number in range(3)]


@pytest.fixture
def start_server(start_server, tmp_path):
    """With a watcher logged in as root, and visitors who have not been there yet; a password is tried with this N."""

    def start(n, *options):
        hashed = scrypt_hash("right", n)
        users = write_users(tmp_path / "users.toml", {name: hashed for name in ("root", *VISITORS)})
        server = start_server("--users", users, "--memory", "64mb", *options)
        watcher = Watcher(server)
        watcher.peer.ask(b"AUTH root right\r\n", b"+OK\r\n")
        return server, watcher

    return start


class Storm:
    """Guesses until finish()."""

    def __init__(self, address, hosts, rate=RATE, **options):
        options = {"connection_count_max": idle_count(3000), **options}
        self.is_over = multiprocessing.get_context("spawn").Event()
        self.crowd = Crowd(guess_at_rate, address, hosts, rate, 4 * PATIENCE_S, options, self.is_over)

    def __enter__(self):
        self.crowd.__enter__()
        self.crowd.begin()
        return self

    def __exit__(self, *error):
        self.crowd.__exit__(*error)

    def goes_on(self):
        return not self.crowd.is_done()

    def finish(self):
        """What came of it."""
        self.is_over.set()
        seen = self.crowd.end()
        assert not seen["strange"] and not seen["closed"], seen
        assert seen["sent"] == seen["wrong"] + seen["crowded"] + seen["waiting"], seen
        return seen


def read(peer, waits):
    started = time.monotonic()
    peer.ask(b"GET k\r\n", b"$1\r\nv\r\n")
    waits.append(time.monotonic() - started)


def visit(server, name, reader, waits):
    """Logs in while `reader` reads on."""
    with server.peer("resp") as visitor:
        visitor.send(f"AUTH {name} right\r\n".encode())
        give_up = time.monotonic() + PATIENCE_S
        while not select.select([visitor.socket], [], [], 0)[0]:
            read(reader, waits)
            assert time.monotonic() < give_up, f"{name} is not let in"
        visitor.ask(b"GET k\r\n", b"+OK\r\n$1\r\nv\r\n")


def live_through(server, watcher, storm):
    """Once it is there, reads all the while, and a visitor every half second."""
    watcher.wait_until(lambda info: info["larder_logins_refused"] >= 100)
    watcher.peer.ask(b"SET k v\r\n", b"+OK\r\n")
    waits = []
    for name in VISITORS:
        next_at = time.monotonic() + 0.5
        while time.monotonic() < next_at:
            read(watcher.peer, waits)
        visit(server, name, watcher.peer, waits)
    assert storm.goes_on()
    waits.sort()
    assert waits[len(waits) * 9 // 10] < READ_S


@pytest.mark.parametrize("scheme", ["resp", "http"])
def test_guesses_from_one_address_hold_up_nobody_elsewhere(start_server, scheme):
    server, watcher = start_server(1 << 15)
    with Storm(server.address(scheme), addresses(1)) as storm:
        live_through(server, watcher, storm)
        seen = storm.finish()
        refused = watcher.info()["larder_logins_refused"]
        storm.crowd.step()
    # While the last answers were read and counted one or another of the line may have been tried.
    assert PLACE_WAITING_MAX - 10 <= seen["waiting"] <= PLACE_WAITING_MAX + 1
    assert seen["wrong"] + seen["crowded"] <= refused <= seen["sent"] - PLACE_WAITING_MAX + 10
    assert 2 <= seen["wrong"] < 20


@pytest.mark.parametrize("scheme", ["resp", "http"])
def test_guesses_from_many_addresses_hold_up_nobody_for_long(start_server, scheme):
    server, watcher = start_server(1 << 8)
    with Storm(server.address(scheme), addresses(100)) as storm:
        live_through(server, watcher, storm)
        seen = storm.finish()
        refused = watcher.info()["larder_logins_refused"]
        storm.crowd.step()
    assert seen["wrong"] >= 100
    assert seen["wrong"] + seen["crowded"] <= refused <= seen["sent"]
    watcher.wait_until(lambda info: info["connected_clients"] == 1)


def test_each_guess_is_answered_and_counted_where_nobody_is_held_back(start_server):
    server, watcher = start_server(1 << 8, "--login-delay-max", "0")
    with Storm(server.address("resp"), addresses(1), rate=10 * RATE, patience_s=PATIENCE_S) as storm:
        live_through(server, watcher, storm)
        seen = storm.finish()
        storm.crowd.step()
    assert seen["waiting"] == 0
    assert seen["wrong"] >= PLACE_WAITING_MAX
    assert watcher.info()["larder_logins_refused"] == seen["sent"]


@pytest.mark.skipif(idle_count(9500) < 9500, reason="too few files at a time may be open here")
def test_all_who_wait_are_within_a_bound_and_so_is_their_memory(start_server):
    server, watcher = start_server(1 << 15)
    before = server.resident_size()
    hosts = addresses(10)
    with Storm(server.address("resp"), hosts, rate=4 * RATE, connection_count_max=9200) as storm:
        # Of one address 1,024 may wait, so that what ends this is the bound of all together.
        watcher.wait_until(lambda info: info["larder_logins_refused"] > 100)
        grown = server.resident_size() - before
        seen = storm.finish()
        storm.crowd.step()
    assert WAITING_MAX - 200 <= seen["waiting"] <= WAITING_MAX + 1
    assert grown < SCRYPT_SIZE + seen["connections"] * CONNECTION_SIZE_MAX
    watcher.wait_until(lambda info: info["connected_clients"] == 1)
