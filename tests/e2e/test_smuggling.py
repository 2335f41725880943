"""Where one request ends and the next begins is never in doubt: what can be read in two ways is refused, and nothing behind it
is read.

Method: the streams of smuggling.py go to the server, to larder-web, to Node's parser and to Python's (readers.py). Ours must make
of each what its row says, cut or whole; where another parser takes something else, the row must say why, and no row that does
not say so may leave ours with more requests than the stricter of the two.
"""

import urllib.parse

import pytest

from frames import close_code, frame, open_websocket
from hostile import call
from readers import node_major, node_reader, python_reader, read_with
from smuggling import CHUNKED, EVIL, NEXT, REFUSED, TAKEN_BY_NODE_18, VALID, for_web

ROWS = VALID + REFUSED


@pytest.fixture(scope="module")
def node():
    with node_reader() as read:
        yield read


@pytest.fixture(scope="module")
def python():
    with python_reader() as read:
        yield read


def test_the_table_says_each_thing_once():
    assert len({row.what for row in ROWS}) == len(ROWS)


def statuses_of(row, stored):
    return [stored if method != "GET" else 200 for method, _ in row.requests] + ([row.status] if row.status else [])


@pytest.mark.parametrize("cut", [None, 1, 7])
def test_the_server_reads_every_stream_as_its_row_says(server, cut):
    wrong = []
    for row in ROWS:
        statuses, items = read_with(server, server, row.stream, cut)
        expected = {b"aaaa": body for method, body in row.requests if method == "PUT"}
        if (statuses, items) != (statuses_of(row, 204), expected):
            wrong.append((row.what, statuses, items))
    assert not wrong, "\n".join(map(str, wrong))


def test_a_body_or_frames_around_a_handshake_are_no_requests(server):
    """What is behind an upgrade that was refused is HTTP again; what is behind one that was not is WebSocket."""
    upgrade = (
        b"GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    version = b"Sec-WebSocket-Version: 13\r\n"
    with_body = upgrade + version + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL
    chunked = upgrade + version + CHUNKED + b"\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(EVIL), EVIL)
    for stream, expected in (
        (with_body + NEXT, [400, 200]),
        (chunked + NEXT, [400, 200]),
        (upgrade + b"Sec-WebSocket-Version: 12\r\n\r\n" + NEXT, [426, 200]),
        (upgrade + b"Sec-WebSocket-Version: 12\r\n\r\n" + frame(1, b'{"id":1,"set":"evil","value":"1"}'), [426, 400]),
    ):
        assert read_with(server, server, stream) == (expected, {})
    with open_websocket(server) as peer:
        peer.send(EVIL)  # unmasked, and no frame
        assert close_code(peer) == 1002
    with server.peer("resp") as peer:
        assert call(peer, "EXISTS", "evil") == 0


def form_items(body):
    return dict(urllib.parse.parse_qsl(body, keep_blank_values=True))


@pytest.mark.parametrize("cut", [None, 1])
def test_the_web_application_reads_every_stream_as_its_row_says(server, web, cut):
    wrong = []
    for row in ROWS:
        statuses, items = read_with(web, server, for_web(row.stream), cut)
        stored = 200 if all(body for method, body in row.requests if method == "PUT") else 400  # an empty form
        expected = {}
        for method, body in row.requests:
            if method == "PUT":
                expected |= form_items(for_web(body))
        if (statuses, items) != (statuses_of(row, stored), expected):
            wrong.append((row.what, statuses, items))
    assert not wrong, "\n".join(map(str, wrong))


def differences(read, reason_of):
    wrong = []
    for row in ROWS:
        reading = read(row.stream)
        is_same = reading == row.requests
        if is_same == bool(reason_of(row)):
            wrong.append((row.what, "reads the same" if is_same else reading, reason_of(row)))
    return wrong


def test_node_s_parser_reads_the_same_but_for_what_the_table_says(node):
    taken = TAKEN_BY_NODE_18 if node_major() < 20 else set()
    wrong = differences(node, lambda row: row.node or row.what in taken)
    assert not wrong, "\n".join(map(str, wrong))


def test_python_s_parser_reads_the_same_but_for_what_the_table_says(python):
    wrong = differences(python, lambda row: row.python)
    assert not wrong, "\n".join(map(str, wrong))


def test_ours_never_takes_more_than_a_strict_reader_does(node):
    for row in ROWS:
        taken = node(row.stream)
        assert row.node or row.requests == taken[: len(row.requests)], row.what
