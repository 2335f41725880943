"""What the server must withstand, each on a real process and on each event loop.

Method: a hostile or slow peer on one connection, an ordinary one beside it. The ordinary one's answers prove that nobody else
notices; where something is refused, the stats prove that it was counted. Steps are separated by a round trip on the ordinary connection, never
by a sleep: with one worker, its answer means that the loop has seen what was sent before.
"""

import functools
import json
import resource
import struct
import urllib.request

import pytest

from frames import close_code, frame, open_websocket, read_frame


def resp(*arguments):
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        if isinstance(argument, str):
            argument = argument.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(argument), argument))
    return b"".join(parts)


class Neighbour:
    """An ordinary client: it must never notice anything."""

    def __init__(self, server):
        self.peer = server.peer("resp")

    def turn(self):
        self.peer.send(b"PING\r\n")
        assert self.peer.read(7) == b"+PONG\r\n"


def stats(server):
    with urllib.request.urlopen(f"{server.address('http')}/v1/stats", timeout=20) as reply:
        return json.load(reply)


@pytest.fixture
def start_server(start_server, event_loop):
    return functools.partial(start_server, "--event-loop", event_loop)


@pytest.fixture
def server(start_server):
    return start_server("--workers", "1", "--memory", "64mb", "--value-size-max", "8mb", "--shards", "1")


CUT_SAMPLES = {
    "line": (b"set cut a value of words\r\nGET cut\nget absent\r\ndelete cut\r\n", b"END\r\na value of words\r\nEND\r\nEND\r\nEND\r\n"),
    "resp": (
        resp("SET", "cut over RESP", "v\r\n$1") + resp("GET", "cut over RESP") + b"PING\r\n" + resp("GET", "absent"),
        b"+OK\r\n$5\r\nv\r\n$1\r\n+PONG\r\n$-1\r\n",
    ),
}


@pytest.mark.parametrize("scheme", sorted(CUT_SAMPLES))
def test_requests_may_be_cut_at_every_byte(server, scheme):
    request, reply = CUT_SAMPLES[scheme]
    neighbour = Neighbour(server)
    for cut in range(1, len(request)):
        with server.peer(scheme) as peer:
            peer.send(request[:cut])
            neighbour.turn()
            peer.send(request[cut:])
            assert peer.read(len(reply)) == reply, f"cut at {cut}"


def test_http_requests_may_be_cut_at_every_byte(server):
    put = b"PUT /v1/keys/cut HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    get = b"GET /v1/keys/cut HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    request = put + get
    neighbour = Neighbour(server)
    for cut in range(1, len(request)):
        with server.peer("http") as peer:
            peer.send(request[:cut])
            neighbour.turn()
            peer.send(request[cut:])
            reply = peer.read_all()
            assert reply.startswith(b"HTTP/1.1 204"), f"cut at {cut}: {reply!r}"
            assert reply.endswith(b"\r\n\r\nabcde"), f"cut at {cut}: {reply!r}"


def test_a_thousand_pipelined_commands_in_one_write_get_a_thousand_replies_in_order(server):
    with server.peer("resp") as peer:
        peer.send(b"".join(resp("SET", f"k{i}", f"v{i}") + resp("GET", f"k{i}") for i in range(500)))
        expected = b"".join(b"+OK\r\n$%d\r\nv%d\r\n" % (len(f"v{i}"), i) for i in range(500))
        assert peer.read(len(expected)) == expected
    with server.peer("line") as peer:
        peer.send(b"".join(b"set k%d w%d\n" % (i, i) + b"get k%d\n" % i for i in range(500)))
        expected = b"".join(b"END\r\nw%d\r\nEND\r\n" % i for i in range(500))
        assert peer.read(len(expected)) == expected


def test_a_client_may_send_its_whole_pipeline_before_it_reads(server):
    """As most libraries do: where the server waited for its replies to be read, both would wait for ever."""
    count, value = 5000, b"x" * 4000  # 20 MB each way
    with server.peer("resp") as peer:
        peer.send(b"".join(resp("SET", f"k{i}", value) + resp("GET", f"k{i}") for i in range(count)))
        one = b"+OK\r\n$4000\r\n" + value + b"\r\n"
        assert peer.read_large(count * len(one)) == count * one


def test_a_client_that_never_reads_is_not_read_from_and_keeps_its_replies(server):
    """Past the high-water mark the server stops taking its commands; once it reads, every reply is there."""
    value = b"x" * 100_000
    neighbour = Neighbour(server)
    with server.peer("resp") as peer:
        peer.send(resp("SET", "big", value))
        assert peer.read(5) == b"+OK\r\n"
        count = 1500  # 150 MB of replies, far more than the sockets' buffers and the server's hold
        peer.send(resp("GET", "big") * count)
        for _ in range(50):
            neighbour.turn()
        one = b"$100000\r\n" + value + b"\r\n"
        for _ in range(count):
            assert peer.read(len(one)) == one
    assert stats(server)["slow_readers_closed"] == 0


def test_a_client_that_never_reads_past_the_output_limit_is_closed_and_counted(start_server):
    options = ("--memory", "64mb", "--value-size-max", "1mb", "--output-size-max", "2mb", "--shards", "1")
    server = start_server("--workers", "1", "--backend", "lru", *options)  # which copies what it answers with
    neighbour = Neighbour(server)
    with server.peer("resp") as peer:
        peer.send(resp("SET", "big", b"x" * 1_000_000))
        assert peer.read(5) == b"+OK\r\n"
        peer.send(resp("MGET", *["big"] * 64))  # one reply of 64 MB, which no bound of the socket holds
        neighbour.turn()
        received = peer.read_all()
        assert len(received) < 64_000_000
    neighbour.turn()
    assert stats(server)["slow_readers_closed"] == 1


def test_a_client_that_sends_byte_by_byte_is_served_and_nobody_waits_for_it(server):
    neighbour = Neighbour(server)
    peers = {scheme: server.peer(scheme) for scheme in CUT_SAMPLES}
    longest = max(len(request) for request, _ in CUT_SAMPLES.values())
    for index in range(longest):
        for scheme, (request, _) in CUT_SAMPLES.items():
            peers[scheme].send(request[index : index + 1])
        neighbour.turn()
    for scheme, (_, reply) in CUT_SAMPLES.items():
        assert peers[scheme].read(len(reply)) == reply
        peers[scheme].close()


def test_five_thousand_idle_connections_stand_beside_working_ones(start_server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 6000:
        pytest.fail(f"this machine allows {hard} open files to a process; the test wants 6000")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 6000), hard))
    try:
        server = start_server("--workers", "2")
        idle = [server.peer("resp") for _ in range(5000)]
        neighbour = Neighbour(server)
        for _ in range(1000):
            neighbour.turn()
        assert stats(server)["connections"] >= 5001
        for peer in (idle[0], idle[2500], idle[4999]):
            peer.send(b"PING\r\n")
            assert peer.read(7) == b"+PONG\r\n"
        for peer in idle:
            peer.close()
        neighbour.turn()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_keys_and_values_hold_every_byte_over_resp_and_http(server):
    every_byte = bytes(range(256))
    http = server.address("http")
    with server.peer("resp") as peer:
        peer.send(resp("SET", every_byte, every_byte[::-1]) + resp("GET", every_byte))
        expected = b"+OK\r\n$256\r\n" + every_byte[::-1] + b"\r\n"
        assert peer.read(len(expected)) == expected
        path = "/v1/keys/" + "".join(f"%{byte:02X}" for byte in every_byte)
        with urllib.request.urlopen(f"{http}{path}", timeout=20) as reply:
            assert reply.read() == every_byte[::-1]
        put = urllib.request.Request(f"{http}{path}", data=every_byte, method="PUT")
        with urllib.request.urlopen(put, timeout=20) as reply:
            assert reply.status == 204
        peer.send(resp("GET", every_byte))
        expected = b"$256\r\n" + every_byte + b"\r\n"
        assert peer.read(len(expected)) == expected


def test_a_key_or_value_beyond_its_limit_is_refused_and_leaves_no_old_value(server):
    """Each refusal is one protocol error, and what stood under a key whose new value was refused is gone."""
    key = b"k" * (16 * 1024 + 1)
    value = b"v" * (8 * 1024 * 1024 + 1)
    neighbour = server.peer("resp")
    refused = 0

    def store_old():
        neighbour.ask(resp("MSET", "k", "old", "j", "old"), b"+OK\r\n")

    def expect_old(left):
        nonlocal refused
        refused += 1
        neighbour.ask(resp("MGET", "k", "j"), b"*2\r\n" + b"".join(b"$3\r\nold\r\n" if is_left else b"$-1\r\n" for is_left in left))
        assert stats(server)["protocol_errors"] == refused

    with server.peer("resp") as peer:
        for request, left in (
            (resp("SET", key, "v"), (True, True)),
            (resp("GET", key), (True, True)),
            (resp("SET", "k", value), (False, True)),
            (resp("MSET", "k", "1", "x", value, "j", "2"), (False, False)),
            (resp("MSET", "k", "1", key, "2"), (False, True)),
        ):
            store_old()
            peer.send(request + resp("PING"))
            reply = peer.read_until(b"+PONG\r\n")
            assert reply.startswith(b"-"), reply[:100]
            assert reply.count(b"\r\n") == 2
            expect_old(left)
    with server.peer("resp") as peer:
        store_old()
        peer.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (1 << 30))
        assert peer.read_all() == b"-ERR Protocol error: invalid bulk length\r\n"
        expect_old((False, True))
    with server.peer("line") as peer:
        store_old()
        peer.send(b"set " + key + b" v\nget absent\n")
        reply = peer.read_until(b"END\r\n")
        assert reply.startswith(b"ERROR ") and reply.count(b"\r\n") == 2
        expect_old((True, True))
    with server.peer("line") as peer:
        peer.send(b"set k " + b"v" * (1024 * 1024 + 1))
        reply = peer.read_all()
        assert reply.startswith(b"ERROR ") and reply.count(b"\r\n") == 1
        expect_old((False, True))
    with server.peer("http") as peer:
        store_old()
        peer.send(b"PUT /v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(value))
        assert peer.read(12) == b"HTTP/1.1 413"
        expect_old((False, True))
    neighbour.close()


def test_the_first_line_of_a_web_page_reaches_neither_line_nor_resp(server):
    for scheme in ("line", "resp"):
        with server.peer(scheme) as peer:
            peer.send(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nset planted by-a-page\r\n")
            assert peer.read_all() == b""
    seen = stats(server)
    assert seen["http_on_wrong_port"] == 2
    assert seen["protocol_errors"] == 0 and seen["commands"] == 1  # the one for the stats
    with server.peer("resp") as peer:
        peer.send(resp("EXISTS", "planted"))
        assert peer.read(4) == b":0\r\n"


@pytest.mark.parametrize(
    "bytes_sent, code",
    [
        (frame(1, b'{"id":1,"get":"k"}', masked=False), 1002),
        (frame(1, b"\xff\xfe"), 1007),
        (frame(1, b"x", length=1 << 40), 1009),
        (frame(3, b"x"), 1002),
        (frame(0, b"x"), 1002),
        (frame(9, b"x" * 126), 1002),
        (frame(9, b"x", final=False), 1002),
    ],
    ids=["unmasked", "not-utf8", "oversize", "reserved-opcode", "stray-continuation", "long-ping", "fragmented-ping"],
)
def test_websocket_frames_that_break_the_rules_end_with_their_close_code(server, bytes_sent, code):
    neighbour = Neighbour(server)
    with open_websocket(server) as peer:
        peer.send(bytes_sent)
        assert close_code(peer) == code
        peer.read_all()
    neighbour.turn()
    assert stats(server)["protocol_errors"] == 1


def test_websocket_fragments_with_pings_between_make_one_message(server):
    with open_websocket(server) as peer:
        peer.send(frame(1, b'{"id":1,"s', final=False) + frame(9, b"one") + frame(0, b'et":"k","val', final=False))
        assert read_frame(peer) == (10, b"one")
        peer.send(frame(9, b"two") + frame(0, b'ue":"v"}'))
        assert read_frame(peer) == (10, b"two")
        opcode, payload = read_frame(peer)
        assert opcode == 1 and json.loads(payload) == {"id": 1, "ok": True}
        peer.send(frame(8, struct.pack(">H", 1000)))
        assert read_frame(peer) == (8, struct.pack(">H", 1000))


def test_websocket_binary_messages_carry_resp_in_any_cut(server):
    request = resp("SET", "bin", b"\xff\x00") + resp("GET", "bin")
    with open_websocket(server) as peer:
        for index in range(len(request)):
            peer.send(frame(2, request[index : index + 1]))
        reply = b""
        while len(reply) < len(b"+OK\r\n$2\r\n\xff\x00\r\n"):
            opcode, payload = read_frame(peer)
            assert opcode == 2
            reply += payload
        assert reply == b"+OK\r\n$2\r\n\xff\x00\r\n"
        peer.send(frame(1, b'{"id":"x","get":"bin"}'))
        opcode, payload = read_frame(peer)
        answer = json.loads(payload)
        assert opcode == 1 and answer["id"] == "x" and "binary" in answer["error"]
    assert stats(server)["protocol_errors"] == 0


def test_a_websocket_is_told_that_the_server_goes_away(start_server):
    """After a silence beyond the idle timeout, and at shutdown."""
    server = start_server("--workers", "1", "--idle-timeout", "500ms")
    with open_websocket(server) as peer:
        assert close_code(peer) == 1001
        peer.read_all()
    assert stats(server)["idle_closed"] == 1
    server = start_server("--workers", "1")
    with open_websocket(server) as peer, open_websocket(server) as other:
        server.process.terminate()
        assert close_code(peer) == 1001
        assert close_code(other) == 1001
    assert server.wait() == 0
