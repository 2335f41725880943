"""Bytes of one protocol on the port of another, and requests that a page has its reader's browser send: nothing is stored.

Method: each request plants the key `planted` if any line of it, or it itself, is taken for what the attacker means; afterwards
the key is asked for over RESP. What must end the connection is read to its end.
"""

import contextlib
import functools

import pytest

from frames import open_websocket
from hostile import HttpResponse, call, command, is_well, send_and_end

# What a page, or a program that was lent to an attacker, puts behind a head of HTTP.
BODIES = {
    "resp": command("SET", "planted", "x"),
    "inline": b"SET planted x\r\n",
    "line": b"set planted x\n",
    "lf": b"\n\nset planted x\n\n",
}

HEADS = {
    "POST": b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n",
    "PUT": b"PUT /set HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n",
    "GET": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "DELETE": b"DELETE /a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "PATCH": b"PATCH /a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "OPTIONS": b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "HTTP/1.0 without Host": b"POST / HTTP/1.0\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "LF": b"POST / HTTP/1.1\nHost: 127.0.0.1\n\n",
    "an empty line first": b"\r\nPOST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a method of nobody's": b"BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a header": b"Host: 127.0.0.1\r\n",
    "a header in capitals": b"HOST: 127.0.0.1\r\n",
    "a header without a space": b"hOsT:127.0.0.1\r\n",
    "a long path": b"POST /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a quoted path": b'POST /"a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
}


def is_planted(server):
    with server.peer("resp") as peer:
        return call(peer, "EXISTS", "planted", "planted=x", "planted x") != 0


@pytest.mark.parametrize("scheme", ["line", "resp"])
@pytest.mark.parametrize("head", HEADS)
def test_a_head_of_http_ends_the_connection_before_its_body_is_read(server, scheme, head):
    for body in BODIES.values():
        request = HEADS[head] + body
        for size in (len(request), 1, 7):
            with server.peer(scheme) as peer:
                with contextlib.suppress(ConnectionError):  # it may have hung up already
                    peer.send_cut(request, size)
                received = peer.read_all()  # which ends: that it is not ours to close is what is asked
                assert received.count(b"\n") <= 1, received
    assert not is_planted(server)
    assert is_well(server)


@pytest.mark.parametrize(
    "scheme, before, reply",
    [("resp", b"PING\r\n" + command("PING"), b"+PONG\r\n" * 2), ("line", b"get a\nget b\n", b"END\r\n" * 2)],
)
def test_nor_is_it_read_behind_requests_of_the_ports_own(server, scheme, before, reply):
    for head in (b"POST / HTTP/1.1\r\n", b"post / HTTP/1.1\r\nhost: a\r\n", b"Host: a\r\n", b"hOST: a\r\n", b"A: b\r\nHost: a\r\n"):
        for body in BODIES.values():
            with server.peer(scheme) as peer:
                peer.send(before + head + body)
                assert peer.read_all().startswith(reply)
    assert not is_planted(server)


@pytest.mark.parametrize("state", [b"MULTI\r\n", b"CLIENT REPLY OFF\r\n", b"MONITOR\r\n", b"HELLO 3\r\n", b"GET k\r\n" * 500])
def test_nor_in_any_state_of_a_connection(server, state):
    """As in Redis: not kept for EXEC, not passed over in silence, nor by who monitors."""
    for word in (b"POST a\r\n", b"Host: a\r\n", command("POST", "a"), command("hOsT:")):
        with server.peer("resp") as peer:
            with contextlib.suppress(ConnectionError):
                peer.send(state + word + command("SET", "planted", "x") + command("EXEC"))
            peer.read_all()
    assert not is_planted(server)


def test_nor_by_who_has_not_logged_in(start_server):
    server = start_server(environment={"LARDER_PASSWORD": "secret"})
    login = command("AUTH", "secret")
    for scheme, before in (("line", b""), ("line", b"get a\n"), ("resp", b""), ("resp", b"PING\r\n")):
        with server.peer(scheme) as peer:
            with contextlib.suppress(ConnectionError):
                peer.send(before + b"POST / HTTP/1.1\r\nHost: a\r\n\r\n" + login + command("SET", "planted", "x"))
            assert peer.read_all().count(b"\n") == before.count(b"\n")
    with server.peer("resp") as peer:
        peer.ask(login, b"+OK\r\n")
        assert call(peer, "EXISTS", "planted") == 0


def test_bytes_of_other_protocols_are_no_request_of_http(server, web):
    client_hello = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"SET planted x\r\n" * 30
    for program in (server, web):
        for sent in (*BODIES.values(), client_hello, b"\0" * 100, b"\x80" * 100 + b"\r\n", b"set planted 0 0 1\r\nx\r\n"):
            with program.peer("http") as peer:
                peer.send(sent)
                assert HttpResponse(peer).status == 400
                assert peer.read_all() == b""
    assert not is_planted(server)


# What openssl s_client sends first, and what follows in a record or a second handshake.
CLIENT_HELLO = bytes.fromhex(
    "16030100a8010000a403035f8c1e0a2b6d4f9e8c7b6a5948372615049382716a5b4c3d2e1f00aabbccdd20"
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0006130113021303010000550000000e000c0000096c6f63616c686f7374"
)


@pytest.mark.parametrize("scheme", ["line", "resp", "http"])
def test_a_tls_handshake_on_a_plain_port_stores_nothing_and_harms_nobody(server, scheme):
    for sent in (CLIENT_HELLO, CLIENT_HELLO + b"\n" + CLIENT_HELLO, b"\x16\x03\x01\n\r\n" * 50):
        with server.peer(scheme) as peer:
            send_and_end(peer, sent)
            received = peer.read_all()
            assert b"\x16" not in received, "nothing of it comes back"
    assert not is_planted(server)
    assert is_well(server)


def test_memcached_s_commands_on_the_resp_port_store_nothing_by_halves(server):
    with server.peer("resp") as peer:
        call(peer, "SET", "k", "old")
        for words in (b"set k 0 0 5\r\nvalue", b"add k 0 0 1\r\nx", b"cas k 0 0 1 7\r\nx", b"ms k 5\r\nvalue", b"incr k 5"):
            line = words + b"\r\n"
            peer.send(line + command("ECHO", "next"))
            answers = peer.read_until(b"$4\r\nnext\r\n").split(b"\r\n")[:-3]
            assert len(answers) == line.count(b"\n") and all(answer.startswith(b"-ERR ") for answer in answers), answers
        assert call(peer, "GET", "k") == b"old"


def request(method, target, host="127.0.0.1", body=b"", **headers):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


MULTIPART = b'--b\r\nContent-Disposition: form-data; name="planted"\r\n\r\nx\r\n--b--\r\n'

# What <form> and fetch() send to anybody without asking first.
FORMS = {
    "application/x-www-form-urlencoded": b"planted=x",
    "text/plain": b"planted=x\r\n",
    "multipart/form-data; boundary=b": MULTIPART,
}


@pytest.fixture
def ask():
    def ask(program, sent):
        with program.peer("http") as peer:
            peer.send(sent)
            return HttpResponse(peer, to_head=sent.startswith(b"HEAD")).status

    return ask


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"])
def test_a_form_of_another_page_stores_nothing(server, web, ask, kind, origin):
    post = functools.partial(request, "POST", body=FORMS[kind], Content_Type=kind, Origin=origin)
    assert ask(web, post("/api/storage/")) == 403
    assert ask(web, post("/api/storage")) == 403
    assert ask(web, post("/api/storage/", Expect="100-continue")) == 403
    for target in ("/v1/keys/planted", "/v1/keys/planted?ttl=9", "/v1/keys/", "/"):
        assert ask(server, post(target)) in (404, 405)
    assert not is_planted(server)


def test_a_form_without_an_origin_is_a_programs_and_that_of_a_page_of_ours_or_a_named_one_is_fine(server, start_web, ask):
    web = start_web(server.address("resp"), "--allow-origin", "https://app.example")
    host = f"127.0.0.1:{web.address('http').port}"
    form = {"body": b"k=v", "Content_Type": "application/x-www-form-urlencoded"}
    for more in ({}, {"Origin": f"http://{host}"}, {"Origin": "https://app.example"}):
        assert ask(web, request("POST", "/api/storage/", host, **form, **more)) == 200
    assert ask(web, request("POST", "/api/storage/", host, **form, Origin="https://other.example")) == 403


def test_a_page_changes_nothing_by_reading(server, web, ask):
    with server.peer("resp") as peer:
        call(peer, "SET", "k", "old")
        for method in ("GET", "HEAD"):
            for more in ({}, {"X_HTTP_Method_Override": "DELETE"}, {"X_HTTP_Method": "PUT"}, {"X_Method_Override": "DELETE"}):
                for target in ("/v1/keys/k", "/v1/keys/k?_method=DELETE", "/v1/keys/k?value=x", "/v1/keys/k?ttl=1"):
                    assert ask(server, request(method, target, Origin="https://evil.example", **more)) == 200
                for target in ("/api/storage/?key=k", "/api/storage/?key=k&k=x&_method=POST"):
                    assert ask(web, request(method, target, Origin="https://evil.example", **more)) == 200
        assert call(peer, "GET", "k") == b"old"
        assert call(peer, "TTL", "k") == -1
        assert call(peer, "DBSIZE") == 1


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://evil.example@127.0.0.1"])
def test_another_page_changes_nothing_of_the_server_and_opens_no_websocket(server, ask, origin):
    for method in ("PUT", "DELETE"):
        assert ask(server, request(method, "/v1/keys/planted", body=b"x", Origin=origin)) == 403
        asked = {"Origin": origin, "Access_Control_Request_Method": method}
        assert ask(server, request("OPTIONS", "/v1/keys/planted", **asked)) == 403
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert ask(server, request("GET", "/v1/ws", Origin=origin, **upgrade)) == 403
    open_websocket(server).close()  # what is no page sends no origin
    assert not is_planted(server)


def test_a_page_whose_name_was_made_to_mean_this_machine_changes_and_reads_nothing(server, web, ask):
    """DNS rebinding: its Origin and its Host agree, and its GETs have no Origin."""
    with server.peer("resp") as peer:
        call(peer, "SET", "k", "v")
    for program, method, target, read in (
        (server, "PUT", "/v1/keys/planted", "/v1/keys/k"),
        (web, "POST", "/api/storage/", "/api/storage/?key=k"),
    ):
        port = program.address("http").port
        for name in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example."):
            own = {"host": f"{name}:{port}", "body": b"planted=x", "Content_Type": "application/x-www-form-urlencoded"}
            assert ask(program, request(method, target, **own, Origin=f"http://{name}:{port}")) == 421
            assert ask(program, request(method, f"http://{name}:{port}{target}", body=b"planted=x")) == 421
            assert ask(program, request("GET", read, f"{name}:{port}")) == 421
            assert ask(program, request("HEAD", read, f"{name}:{port}")) == 421
            assert ask(program, request("GET", "/healthz", f"{name}:{port}")) == 200
        undotted = {"host": f"evil:{port}", "body": b"planted=x", "Content_Type": "application/x-www-form-urlencoded"}
        assert ask(program, request(method, target, **undotted, Origin=f"http://evil:{port}")) == 403
        for name in ("127.0.0.1", "localhost", "[::1]", "cache", "a.localhost"):
            assert ask(program, request("GET", read, f"{name}:{port}")) == 200
        assert not is_planted(server)
    assert ask(server, request("PUT", "/v1/keys/k", "localhost", b"x", Origin="http://localhost")) == 204


def test_a_name_that_was_allowed_is_answered(start_server, start_web, ask):
    allowed = ("--allow-origin", "https://cache.example")
    server = start_server(*allowed)
    web = start_web(server.address("resp"), *allowed)
    for program, target in ((server, "/v1/keys/k"), (web, "/api/storage/?key=k")):
        assert ask(program, request("GET", target, "cache.example:8080")) == 404
        assert ask(program, request("GET", target, "other.example")) == 421
