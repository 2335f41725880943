"""MONITOR, CLIENT REPLY and UNSUBSCRIBE, where bytes come that are no reply to what was sent, or none come, or several.

Method: both servers are sent the same lines; an ECHO behind them shows where what they cause ends. All bytes must be the
same but for times and addresses.
"""

import re

import pytest

import servers
from wire import PATIENCE_S, request

END = b"that is all"


@pytest.fixture(scope="module")
def pair():
    with servers.both() as both:
        yield both


class Talk:
    """A connection that reads until a marker."""

    def __init__(self, server):
        self.socket = server.connect().socket
        self.socket.settimeout(PATIENCE_S)

    def send(self, *lines):
        self.socket.sendall(b"".join(line.encode() + b"\r\n" for line in lines))

    def mark(self):
        self.socket.sendall(request([b"ECHO", END]))

    def read_to(self, marker):
        data = b""
        while not data.endswith(marker):
            more = self.socket.recv(1 << 16)
            assert more, data
            data += more
        return re.sub(rb"\+\d+\.\d+ \[(\d+) [^\]]*\]", rb"[\1]", data)


SHOWN = b'"ECHO" "%s"\r\n' % END
REPLY = b"$%d\r\n%s\r\n" % (len(END), END)

OF_OTHERS = """
    SELECT 3
    GET a
    SELECT 99
    SELECT x
    MULTI; SELECT 5; GET b; SET a 1 EX; EXEC; GET c
    MULTI; MULTI; WATCH a; DISCARD
    MULTI; NOSUCH; EXEC
    MULTI; EXEC a; EXEC
    MULTI; CONFIG GET timeout; EXEC
    NOSUCH; GET; CONFIG NOSUCH
    RESET
    HELLO 3
    CLIENT REPLY OFF; GET a; CLIENT REPLY ON
    CLIENT REPLY SKIP; GET a
    CLIENT ID; CLIENT LIST; CONFIG GET timeout; DEBUG SLEEP 0; SLOWLOG LEN
    KEYS *; SCAN 0; FUNCTION LIST; SCRIPT EXISTS a
    SET "a b" "\\x00\\r\\n\\t\\"\\xff"
""".strip().split("\n")

OF_ITS_OWN = """
    PING
    GET a; PING
    SET a 1
    KEYS *; SCAN 0; DBSIZE; FLUSHALL; TOUCH a; OBJECT ENCODING a; MEMORY USAGE a; SWAPDB 0 1; FUNCTION FLUSH
    NOSUCH; GET
    SELECT 3
    MONITOR
    MULTI; PING; EXEC
    MULTI; GET a; EXEC
    WATCH a; UNWATCH
    CONFIG GET timeout; SCRIPT FLUSH; LATENCY RESET
""".strip().split("\n")

SILENCE = """
    CLIENT REPLY OFF; PING; NOSUCH; GET; HELLO 3; CLIENT REPLY ON
    CLIENT REPLY OFF; CLIENT REPLY NOSUCH; CLIENT REPLY SKIP; CLIENT REPLY ON
    CLIENT REPLY OFF; RESET
    CLIENT REPLY SKIP; PING
    CLIENT REPLY SKIP; NOSUCH
    CLIENT REPLY SKIP; RESET
    CLIENT REPLY SKIP; CLIENT REPLY ON
    CLIENT REPLY SKIP; CLIENT REPLY SKIP; PING
    CLIENT REPLY SKIP; CLIENT REPLY SKIP; CLIENT REPLY ON
    CLIENT REPLY SKIP; CLIENT REPLY NOSUCH
    CLIENT REPLY SKIP; MULTI; GET a; EXEC
""".strip().split("\n")

UNSUBSCRIBED = """
    UNSUBSCRIBE; PUNSUBSCRIBE; SUNSUBSCRIBE
    UNSUBSCRIBE a; PUNSUBSCRIBE a*; SUNSUBSCRIBE a
    UNSUBSCRIBE a b a; PUNSUBSCRIBE a b; SUNSUBSCRIBE a b
    MULTI; UNSUBSCRIBE; PUNSUBSCRIBE a b; SET k v; EXEC
    SELECT 3; UNSUBSCRIBE; RESET; UNSUBSCRIBE
    COMMAND INFO unsubscribe punsubscribe sunsubscribe
    COMMAND GETKEYS unsubscribe a; COMMAND GETKEYS sunsubscribe a; COMMAND GETKEYSANDFLAGS sunsubscribe a b
""".strip().split("\n")


def split(line):
    return [word.strip() for word in line.split(";")]


@pytest.mark.parametrize("line", OF_OTHERS)
def test_a_monitor_sees_the_commands_of_others(pair, line):
    def seen_at(server):
        monitor, other = Talk(server), Talk(server)
        monitor.send("MONITOR")
        monitor.read_to(b"+OK\r\n")
        other.send(*split(line))
        other.mark()
        return monitor.read_to(SHOWN)

    redis, larder = map(seen_at, pair)
    assert larder == redis


@pytest.mark.parametrize("line", OF_ITS_OWN)
def test_a_monitor_may_send_what_concerns_no_key(pair, line):
    def seen_at(server):
        monitor = Talk(server)
        monitor.send("MONITOR", *split(line))
        monitor.mark()
        return monitor.read_to(SHOWN)

    redis, larder = map(seen_at, pair)
    assert larder == redis


@pytest.mark.parametrize("line", SILENCE)
def test_client_reply(pair, line):
    def seen_at(server):
        talk = Talk(server)
        talk.send(*split(line))
        talk.mark()
        return talk.read_to(REPLY)

    redis, larder = map(seen_at, pair)
    assert larder == redis


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("line", UNSUBSCRIBED)
def test_unsubscribing_from_what_nobody_subscribed_to(pair, line, protocol):
    def seen_at(server):
        talk = Talk(server)
        talk.send(f"HELLO {protocol}")
        talk.mark()
        talk.read_to(REPLY)
        talk.send(*split(line))
        talk.mark()
        return talk.read_to(REPLY)

    redis, larder = map(seen_at, pair)
    assert larder == redis


@pytest.mark.parametrize("last", ["*x", "*1\r\n$-5", "QUIT"])
@pytest.mark.parametrize("mode", ["OFF", "SKIP"])
def test_nothing_is_said_at_the_end_of_a_silent_connection(pair, mode, last):
    """Redis leaves it open and deaf; Larder closes it."""
    _, larder = pair
    talk = Talk(larder)
    talk.send(f"CLIENT REPLY {mode}", last)
    assert talk.socket.recv(100) == b""
