"""A little that means a lot: nesting, numbers, headers, frames and lengths that are cheap to send and dear to believe.

Method: each goes to a running program, gets the answer that its protocol has for it, and neither a neighbour nor the
program's memory shows that it was there.
"""

import gzip
import json
import struct

import pytest

from frames import close_code, frame, open_websocket, read_frame
from hostile import HttpResponse, call, command, is_well, read_reply

# Far more than any of these may cost, far less than what they mean.
MEMORY_LEEWAY = 96 << 20


@pytest.fixture
def unmoved(server):
    """The server; after the test it is well, and has not grown by more than the leeway."""
    with server.peer("resp") as peer:
        peer.ask(b"PING\r\n", b"+PONG\r\n")
    before = server.resident_size()
    yield server
    assert is_well(server)
    assert server.resident_size() < before + MEMORY_LEEWAY


def nested(left, right, depth=100_000):
    return b'{"id":1,"get":' + left * depth + right * depth + b"}"


# What is asked, and what is answered: a value, or "error" with this id.
JSON = {
    "nested arrays": (nested(b"[", b"]"), None),
    "nested objects": (nested(b'{"a":', b"}").replace(b":}", b":1}"), None),
    "nested arrays without an end": (b"[" * 1_000_000, None),
    "nested in an unknown member": (b'{"id":1,"get":"k","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", None),
    "a wide array": (b'{"id":1,"get":"k","x":[' + b"0," * 500_000 + b"0]}", 1),
    "many members": (b'{"id":1,"get":"k"' + b',"x":0' * 150_000 + b"}", 1),
    "numbers beyond doubles": (b'{"id":1,"get":"k","x":[' + b"1e400," * 150_000 + b"0]}", 1),
    "a key of a number beyond doubles": (b'{"id":1,"get":1e400}', 1),
    "a ttl beyond doubles": (b'{"id":1,"set":"k","value":"v","ttl":1e400}', 1),
    "a ttl of many digits": (b'{"id":1,"set":"k","value":"v","ttl":' + b"9" * 1_000_000 + b"}", 1),
    "a ttl of many zeros": (b'{"id":1,"set":"k","value":"v","ttl":0.' + b"0" * 1_000_000 + b"1}", 1),
    "an id of nothing": (b'{"id":null,"get":"k"}', None),
    "two ids": (b'{"id":1,"id":2,"get":"k"}', None),
    "two keys": (b'{"id":1,"get":"k","get":"j"}', 1),
    "two verbs": (b'{"id":1,"get":"k","delete":"k"}', 1),
    "two values": (b'{"id":1,"set":"k","value":"v","value":"w"}', 1),
    "two ttls": (b'{"id":1,"set":"k","value":"v","ttl":1,"ttl":100}', 1),
    "two ids, one spelt out": (b'{"id":1,"\\u0069d":2,"get":"k"}', None),
    "a lone surrogate": (b'{"id":1,"get":"\\ud800"}', None),
    "a lone low surrogate": (b'{"id":1,"get":"\\udc00x"}', None),
    "surrogates in the wrong order": (b'{"id":1,"get":"\\udc00\\ud800"}', None),
    "a control character": (b'{"id":1,"get":"\n"}', None),
    "two messages": (b'{"id":1,"get":"k"}{"id":2,"set":"k","value":"planted"}', None),
    "a comment": (b'{"id":1,/*"get":"j",*/"get":"k"}', None),
    "NaN": (b'{"id":NaN,"get":"k"}', None),
    "Infinity": (b'{"id":Infinity,"get":"k"}', None),
    "nothing": (b"", None),
    "white space": (b" " * 1_000_000, None),
}


@pytest.mark.parametrize("what", JSON)
def test_hostile_json_gets_one_error_and_the_websocket_goes_on(unmoved, what):
    message, named_id = JSON[what]
    with open_websocket(unmoved) as peer:
        peer.send(frame(1, b'{"id":0,"set":"k","value":"old"}') + frame(1, message) + frame(1, b'{"id":2,"get":"k"}'))
        replies = [json.loads(read_frame(peer)[1]) for _ in range(3)]
        assert replies[0] == {"id": 0, "ok": True}
        assert replies[1]["id"] == named_id and replies[1]["error"].endswith("."), replies[1]
        assert replies[2] == {"id": 2, "value": "old"}


def test_an_id_comes_back_as_it_was_however_large(unmoved):
    with open_websocket(unmoved) as peer:
        for number in (b"1e400", b"-0", b"0.10", b"1" * 100_000, b"1e-999999999", b'"\\u0000\\ud83d\\ude00"'):
            peer.send(frame(1, b'{"id":' + number + b',"get":"nothing"}'))
            opcode, payload = read_frame(peer)
            assert (opcode, payload) == (1, b'{"id":' + number + b',"value":null}')


def test_a_byte_order_mark_neither_hides_nor_moves_the_id(unmoved):
    with open_websocket(unmoved) as peer:
        peer.send(frame(1, b'\xef\xbb\xbf{"id":17,"get":"nothing"}') + frame(1, b'{"id":2,"get":"nothing"}'))
        assert json.loads(read_frame(peer)[1])["id"] in (17, None)
        assert json.loads(read_frame(peer)[1])["id"] == 2


def head_only(length, opcode=2):
    """A masked frame that announces `length` bytes, in the longest form."""
    return bytes([0x80 | opcode, 0xFF]) + struct.pack(">Q", length) + b"mask"


@pytest.mark.parametrize(
    "sent, code",
    [
        (b"\xc1" + frame(1, b"{}")[1:], 1002),
        (b"\xa1" + frame(1, b"{}")[1:], 1002),
        (b"\x91" + frame(1, b"{}")[1:], 1002),
        (b"\xc9" + frame(9, b"x")[1:], 1002),
        (head_only(1 << 63), 1002),
        (head_only((1 << 64) - 1), 1002),
        (head_only((1 << 63) - 1) + b"x", 1009),
        (head_only(5) + b"hello", 1002),
        (bytes([0x82, 0xFE]) + struct.pack(">H", 5) + b"maskhello", 1002),
        (frame(8, b"x" * 126), 1002),
        (frame(8, b"\x03\xe8", final=False), 1002),
        (frame(8, b"\x03"), 1002),
        (frame(8, struct.pack(">H", 1005)), 1002),
        (frame(8, struct.pack(">H", 999)), 1002),
        (frame(8, struct.pack(">H", 1000) + b"\xff"), 1007),
        (frame(1, b"{", final=False) + frame(1, b"}"), 1002),
        (frame(1, b"\xf0\x9f", final=False) + frame(0, b"\x98"), 1007),
        (frame(11, b""), 1002),
        (frame(9, b"", masked=False), 1002),
    ],
    ids=[
        "rsv1", "rsv2", "rsv3", "rsv1 of a ping", "high bit", "all bits", "63 bits", "5 bytes in 8", "5 bytes in 2", "long close",
        "fragmented close", "half a code", "code 1005", "code 999", "reason", "two messages", "cut character", "opcode 11", "unmasked ping",
    ],
)
def test_a_frame_that_breaks_the_rules_ends_its_websocket_alone(unmoved, sent, code):
    with open_websocket(unmoved) as other, open_websocket(unmoved) as peer:
        peer.send(sent)
        assert close_code(peer) == code
        assert peer.read_all() == b""
        other.send(frame(1, b'{"id":1,"get":"nothing"}'))
        assert read_frame(other) == (1, b'{"id":1,"value":null}')


def test_a_text_message_ends_at_a_megabyte_and_a_binary_one_does_not(unmoved):
    """JSON is read in one piece, while the worker's other connections wait."""
    request = b'{"id":1,"set":"k","value":"%s"}'
    fits = request % (b"v" * ((1 << 20) - len(request) + 2))
    with open_websocket(unmoved) as peer:
        peer.send(frame(1, fits))
        assert json.loads(read_frame(peer)[1]) == {"id": 1, "ok": True}
        peer.send(frame(2, command("SET", "j", b"v" * (2 << 20))))
        assert read_frame(peer) == (2, b"+OK\r\n")
        peer.send(frame(1, fits + b" "))
        assert close_code(peer) == 1009


def test_compression_is_not_taken_up_and_its_frames_are_refused(unmoved):
    for offer in (b"permessage-deflate", b"permessage-deflate; client_max_window_bits, x-webkit-deflate-frame", b"a;" * 400 + b"a"):
        with unmoved.peer("http") as peer:
            peer.send(
                b"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: " + offer + b"\r\n\r\n"
            )
            response = HttpResponse(peer)
            assert response.status == 101 and "sec-websocket-extensions" not in response.headers
            peer.send(b"\xc1" + frame(1, b"\xaa\x56\x04\x00")[1:])
            assert close_code(peer) == 1002


def test_floods_of_fragments_and_pings_end_or_are_answered(start_server):
    server = start_server("--workers", "1", "--memory", "64mb", "--value-size-max", "1mb")
    with server.peer("resp") as neighbour, open_websocket(server) as peer:
        peer.send(frame(1, b"", final=False))
        for _ in range(50):
            peer.send(frame(0, b"", final=False) * 2000)
            neighbour.ask(b"PING\r\n", b"+PONG\r\n")
        peer.send(frame(0, b'{"id":1,"get":"nothing"}'))
        assert read_frame(peer) == (1, b'{"id":1,"value":null}')

        before = server.resident_size()
        for _ in range(50):
            peer.send(frame(9, b"x" * 125) * 200)
            neighbour.ask(b"PING\r\n", b"+PONG\r\n")
        for _ in range(10_000):
            assert read_frame(peer) == (10, b"x" * 125)
        assert server.resident_size() < before + MEMORY_LEEWAY

        peer.send(frame(2, b"", final=False))
        piece = frame(0, b"x" * 60_000, final=False)
        try:
            for _ in range(100):
                peer.send(piece)
        except ConnectionError:
            pass  # it has closed in the middle
        assert close_code(peer) == 1009
        neighbour.ask(b"PING\r\n", b"+PONG\r\n")


BOMB = gzip.compress(b"planted=" + b"x" * (64 << 20))


def test_compressed_bodies_are_stored_as_they_are_or_not_at_all(unmoved, start_web):
    web = start_web(unmoved.address("resp"))
    for coding in (b"gzip", b"deflate", b"br", b"gzip, gzip"):
        with unmoved.peer("http") as peer:
            head = b"PUT /v1/keys/bomb HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n"
            peer.send(head % (coding, len(BOMB)) + BOMB)
            assert HttpResponse(peer).status == 204
            peer.send(b"GET /v1/keys/bomb HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
            response = HttpResponse(peer)
            assert response.body == BOMB and "content-encoding" not in response.headers
        with web.peer("http") as peer:
            peer.send(
                b"POST /api/storage/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(BOMB)) + BOMB
            )
            assert HttpResponse(peer).status == 415
    with unmoved.peer("resp") as peer:
        assert call(peer, "DBSIZE") == 1


def test_json_is_no_form_of_the_web_application(unmoved, start_web):
    web = start_web(unmoved.address("resp"))
    with web.peer("http") as peer:
        for message, _ in JSON.values():
            head = b"POST /api/storage/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            peer.send(head % len(message) + message)
            assert HttpResponse(peer).status == 415


FIELDS = {
    "thousands of fields": (b"".join(b"A%d: b\r\n" % i for i in range(5000)), 431),
    "one field thousands of times": (b"A: b\r\n" * 5000, 431),
    "one huge field": (b"A: " + b"b" * (1 << 20) + b"\r\n", 431),
    "one huge name": (b"A" * (1 << 20) + b": b\r\n", 431),
    "a field that does not end": (b"A: " + b"b" * (1 << 20), 431),
    "thousands of cookies": (b"Cookie: a=b\r\n" * 5000, 431),
    "chunk extensions": (b"Transfer-Encoding: chunked\r\n\r\n" + b"1;" + b"a" * (1 << 20), 431),
    "trailers": (b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 50_000, 431),
    "a length of everything": (b"Content-Length: 18446744073709551615\r\n\r\n", 413),
    "a chunk of everything": (b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413),
}


@pytest.mark.parametrize("what", [*FIELDS, "a huge target", "a huge method"])
@pytest.mark.parametrize("program", ["larder-server", "larder-web"])
def test_heads_without_end_are_refused_before_they_cost_anything(unmoved, start_web, program, what):
    answering = unmoved if program == "larder-server" else start_web(unmoved.address("resp"))
    line = b"PUT /v1/keys/k" if program == "larder-server" else b"POST /api/storage"
    if what == "a huge target":
        sent, status = b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n", 414
    elif what == "a huge method":
        sent, status = b"A" * (1 << 20), 414
    else:
        fields, status = FIELDS[what]
        sent = line + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n" + fields
    with answering.peer("http") as peer:
        try:
            peer.send(sent)
        except ConnectionError:
            pass  # refused in the middle
        assert HttpResponse(peer).status == status
        assert peer.read_all() == b""


RESP_FRAMES = {
    "an array for a word": b"*2\r\n*1\r\n$3\r\nGET\r\n$1\r\nk\r\n",
    "arrays in arrays": b"*1\r\n" * 100_000,
    "a map": b"%1\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n+GET\r\n",
    "a word of no length": b"*2\r\n$3\r\nGET\r\n$-1\r\n",
    "a word of negative length": b"*2\r\n$3\r\nGET\r\n$-9223372036854775808\r\n",
    "a huge word": b"*2\r\n$3\r\nGET\r\n$9223372036854775807\r\n",
    "a word beyond 64 bits": b"*2\r\n$3\r\nGET\r\n$18446744073709551617\r\n",
    "too many words": b"*1048577\r\n",
    "far too many words": b"*9223372036854775807\r\n",
    "words beyond 64 bits": b"*18446744073709551617\r\n",
    "a signed count": b"*+1\r\n$4\r\nPING\r\n",
    "a count of leading zeros": b"*0000001\r\n$4\r\nPING\r\n",
    "a signed length": b"*1\r\n$+4\r\nPING\r\n",
    "a length of leading zeros": b"*1\r\n$04\r\nPING\r\n",
    "a length with a fraction": b"*1\r\n$4.0\r\nPING\r\n",
    "a length that never ends": b"*1\r\n$" + b"4" * 100_000,
    "quotes that do not close": b'SET k "v\r\n',
    "quotes that close too early": b'SET k "v"w\r\n',
    "single quotes that do not close": b"SET k 'v\r\n",
    "a word longer than its length": b"*2\r\n$4\r\nECHO\r\n$1\r\nplanted\r\n",
}


@pytest.mark.parametrize("what", RESP_FRAMES)
def test_a_frame_of_resp_that_breaks_the_rules_ends_its_connection_alone(unmoved, what):
    with unmoved.peer("resp") as other, unmoved.peer("resp") as peer:
        try:
            peer.send(command("PING") + RESP_FRAMES[what] + b"\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$7\r\nplanted\r\n")
        except ConnectionError:
            pass  # it has ended in the middle
        assert read_reply(peer) == ("+", b"PONG")
        while not peer.is_at_end():
            kind, text = read_reply(peer)
        assert kind == "-" and text.startswith(b"ERR Protocol error: "), text
        assert call(other, "EXISTS", "k") == 0


def test_what_is_announced_costs_nothing_before_it_comes(unmoved):
    peers = [unmoved.peer("resp") for _ in range(200)]
    for peer in peers:
        peer.send(b"*1048576\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (100 << 20))
    with unmoved.peer("http") as peer:
        peer.send(b"PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (100 << 20))
        peers.append(open_websocket(unmoved))
        peers[-1].send(head_only(100 << 20))
        assert is_well(unmoved)
    for peer in peers:
        peer.close()
