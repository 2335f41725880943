"""Who replaces what the server has read: the certificate and its key, and the file of users. Nobody's connection may end by it.

A process of its own, started by stand.py as the administrator's is. The server is told by SIGHUP, or left to notice, in turns. What it
makes of a change is read in its log, and seen by connecting.

    certificate   another one of the same CA; who connects gets it
    bad pair      a certificate without its key, a key that is none, or no key at all: the server keeps what it has, and says so
    guest         a third user comes, has another password after a while, and goes: the last two end his connections

A connection of somebody else lasts through all of it, and is asked after each change.
"""

import contextlib
import os
import pathlib
import random
import signal
import ssl
import sys
import threading
import time

from access import Certificates, Users
from connect import PATIENCE_S, Garbled, Lost, Silent, Stream
from oracle import Violation
from resp_client import Refused, RespClient
from settings import Settings, duty_counter
from text_clients import LineClient

# Between two of them. Whenever users are read anew, every login is worked out again, which takes a tenth of a second of a core that
# is busy: more often, and the clients do nothing but log in.
WAIT_S = (0.5, 8)

# Lines of the server's log.
TAKEN = "TLS: new connections get the certificate as it is now"
KEPT = "; new connections get what was there before"
USERS_READ = "users: read "

PASSWORDS = ("a password of the guest", "another password of the guest")

# A login that fails delays others from its address: each guest comes from another one, 127.0.0.2 and on.
PLACE_COUNT = 200


class Wrong(Exception):
    """What must not be; says so."""


def _expect(what, is_right):
    if not is_right:
        raise Wrong(str(what)[:300])


def _expect_closed(client, who):
    """By the server, with or without a reset, and not for our silence."""
    try:
        _expect(f"{who} gets more, and no end", client.stream.is_at_end())
    except Silent:
        raise Wrong(f"the connection of {who} is not closed") from None
    except Lost:
        pass
    finally:
        client.stream.close()


class Renewal:
    """Threads: one. Each name in `deck()` is a method's; errors: Wrong, and the clients'."""

    def __init__(self, settings, table, rng: random.Random, program):
        self._settings, self._table, self._rng = settings, table, rng
        self._log = pathlib.Path(settings.folder) / "log"
        self._certificates, self._users = Certificates(settings.folder), Users(program, settings.folder)
        by_kind = {(route.protocol, isinstance(route.address, str)): route for route in settings.administrator_routes}
        self._resp, self._resp_unix, self._line = by_kind["resp", False], by_kind["resp", True], by_kind["line", False]
        self._bystander = RespClient(Stream(self._resp), 3)
        self._is_told = False  # by SIGHUP, of the last change
        if self._settings.with_tls:
            self._pair = (self._certificates.certificate_path.read_bytes(), self._certificates.key_path.read_bytes())
        if self._settings.with_users:
            self._others = self._users.path.read_text(encoding="utf-8")
            self._sections = [self._users.section("guest", password, ["read"], ["soak:"]) for password in PASSWORDS]
            self._guest_count, self._guest_clients, self._stages = 0, [], []

    def deck(self):
        """One round of what is to be done, in any order."""
        names = ["certificate", "bad_pair"] * self._settings.with_tls + ["guest"] * 3 * self._settings.with_users
        return self._rng.sample(names, len(names))

    # Certificates

    def certificate(self):
        self._pair = self._certificates.issue()
        self._change(lambda: self._certificates.put(*self._pair), TAKEN)
        self._expect_served()
        self._count("certificate")

    def bad_pair(self):
        self._change(self._rng.choice((self._spoil_key, self._lose_key, self._forget_key)), KEPT)
        self._expect_served()
        self._change(lambda: self._certificates.put(*self._pair), TAKEN)
        self._expect_served()
        self._count("bad pair")

    def _spoil_key(self):
        self._certificates.key_path.write_bytes(b"no key")

    def _lose_key(self):
        self._certificates.key_path.unlink()

    def _forget_key(self):
        self._certificates.certificate_path.write_bytes(self._certificates.issue()[0])

    def _expect_served(self):
        """The pair that was put last and fits."""
        with contextlib.closing(Stream(self._resp)) as stream:
            served = ssl.DER_cert_to_PEM_cert(stream.socket.getpeercert(binary_form=True))
        _expect(f"not the certificate that was put there: {served}", served.strip() == self._pair[0].decode().strip())

    # Users

    def guest(self):
        """The next that happens to him."""
        self._stages = self._stages or [self._comes, self._changes_password, self._goes]
        self._stages.pop(0)()

    def _comes(self):
        self._guest_count += 1
        self._put_users(self._sections[0])
        self._log_in(PASSWORDS[0])
        self._count("guest comes")

    def _changes_password(self):
        self._put_users(self._sections[1])
        self._expect_gone(PASSWORDS[0])
        self._log_in(PASSWORDS[1])
        self._count("guest has another password")

    def _goes(self):
        self._put_users()
        self._expect_gone(PASSWORDS[1])
        self._count("guest goes")

    def _put_users(self, *guest):
        for client in self._guest_clients:
            self._expect_served_to(client)
        self._change(lambda: self._users.put(self._others, *guest), USERS_READ)

    def _guest_stream(self, route, password):
        source = "" if isinstance(route.address, str) else f"127.0.0.{2 + self._guest_count % PLACE_COUNT}"
        return Stream(route._replace(user="guest", password=password), source=source)

    def _log_in(self, password):
        self._guest_clients = [RespClient(self._guest_stream(self._resp, password), 2),
                               RespClient(self._guest_stream(self._resp_unix, password), 3),
                               LineClient(self._guest_stream(self._line, password))]

    @staticmethod
    def _expect_served_to(client):
        if isinstance(client, RespClient):
            _expect(reply := client.command(b"GET", b"soak:guest"), not isinstance(reply, Refused))
        else:
            client.stream.send(b"get soak:guest\r\n")
            _expect(reply := client.stream.read_line(), reply == b"END")

    def _expect_gone(self, password):
        """His connections are closed, the silent ones too if they speak RESP; and he is not let in again."""
        clients, self._guest_clients = self._guest_clients, []
        for client in clients:
            if isinstance(client, LineClient):
                with contextlib.suppress(Lost):
                    client.stream.send(b"get soak:guest\r\n")
            _expect_closed(client, f"the guest over {client.name}")
        with contextlib.closing(self._guest_stream(self._resp._replace(user=""), password)) as stream:
            stream.send(b"*3\r\n$4\r\nAUTH\r\n$5\r\nguest\r\n$%d\r\n%b\r\n" % (len(password), password.encode()))
            _expect(reply := stream.read_line(), reply.startswith(b"-WRONGPASS"))

    # Both

    def _change(self, put, line):
        """Until the server has said `line` about it."""
        seen_size = self._log.stat().st_size
        put()
        self._is_told = not self._is_told
        awaited = [line]
        if self._is_told:
            os.kill(self._settings.server_pid, signal.SIGHUP)
            # All is read again then, and users last: a later change must not take that line for its own.
            awaited += [USERS_READ] * self._settings.with_users
        until = time.monotonic() + PATIENCE_S
        while missing := [text for text in awaited if text not in self._said_since(seen_size)]:
            _expect(f"the server has not said {missing[0]!r}", time.monotonic() < until)
            time.sleep(0.02)
        _expect(reply := self._bystander.command(b"PING"), reply == b"PONG")
        self._count("told by SIGHUP" if self._is_told else "noticed")

    def _said_since(self, size):
        with self._log.open("rb") as file:
            file.seek(size)
            return file.read().decode()

    def _count(self, what):
        self._table.add(duty_counter(what, self._settings.driver_count))


def main(settings_path, program):
    settings = Settings.load(settings_path)
    rng = random.Random(f"{settings.seed} {settings.server} renewal")
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    renewal, deck = Renewal(settings, settings.open_table(), rng, program), []
    while not over.wait(rng.uniform(*WAIT_S)):
        deck = deck or renewal.deck()
        what = deck.pop()
        try:
            getattr(renewal, what)()
        except (Lost, Garbled, Wrong) as why:
            settings.report(Violation("renewal", -1, "", f"{what}: {type(why).__name__}: {why}", "as renewal.py says"))
            break  # what is there now is not what the next change builds upon


if __name__ == "__main__":
    main(*sys.argv[1:])
