"""Who takes more than his share of a server waits or has to go; others are served, and the log is told without being filled.

Method: the program itself with a bound that a few connections reach, over each protocol; what is waited for is an answer, an
end or a line of the log.
"""

import contextlib
import re
import socket
import time

from programs import BIN, PATIENCE_S, stats_over, wait_until

REFUSALS = {
    "line": b"ERROR too many connections\r\n",
    "resp": b"-ERR max number of clients reached\r\n",
    "http": b"HTTP/1.1 503 ",
}


def test_connections_past_the_bound_are_told_so_and_counted(start_server):
    server = start_server("--connections-max", "2", "--workers", "2")
    with server.peer("http") as first, server.peer("line") as second:
        first.ask(b"GET /healthz HTTP/1.1\r\nHost: larder\r\n\r\n", b"HTTP/1.1 200")
        first.read_until(b"ok\n")
        second.ask(b"set k v\r\n", b"END\r\n")
        for scheme, refusal in REFUSALS.items():
            with server.peer(scheme) as third:
                # As a client does that has not looked yet.
                third.send(b"PING\r\n")
                assert third.read_all().startswith(refusal)
        stats = stats_over(first)
        assert stats["connections"] == 2
        assert stats["connections_refused"] == len(REFUSALS)
        second.ask(b"get k\r\n", b"v\r\nEND\r\n")


def test_connections_past_their_addresss_share_are_told_so_and_counted(start_server, tmp_path):
    listen = ["http://127.0.0.1:0", "line://127.0.0.1:0", "resp://127.0.0.1:0", f"resp+unix://{tmp_path}/socket"]
    server = start_server("--connections-per-address", "2", "--workers", "2", listen=listen)
    with server.peer("http") as first, server.peer("line") as second:
        first.ask(b"GET /healthz HTTP/1.1\r\nHost: larder\r\n\r\n", b"HTTP/1.1 200")
        first.read_until(b"ok\n")
        second.ask(b"set k v\r\n", b"END\r\n")
        for scheme, refusal in REFUSALS.items():
            with server.peer(scheme) as third:
                third.send(b"PING\r\n")
                assert third.read_all().startswith(refusal)
        # Others are none of their business: another address, and a socket that has none.
        other = socket.create_connection(("127.0.0.1", server.address("resp").port), PATIENCE_S, ("127.0.0.2", 0))
        other.sendall(b"PING\r\n")
        assert other.recv(100) == b"+PONG\r\n"
        other.close()
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(server.peer("resp+unix")).ask(b"PING\r\n", b"+PONG\r\n")
        stats = stats_over(first)
        assert stats["connections_refused_per_address"] == stats["connections_refused"] == len(REFUSALS)
    line = server.wait_for_line("--connections-per-address")
    assert re.search(r"their address has 2 already \(--connections-per-address\): 1, the last from 127\.0\.0\.1:\d+\n", line)

    def is_served():
        with server.peer("resp") as peer:
            peer.send(b"INFO stats\r\n")
            return peer.read_line().startswith(b"$") and peer.read_until(b"larder_connections_refused_per_address:")

    wait_until(is_served)
    server.stop()
    # One line in ten seconds, however many are refused.
    assert server.stderr.count("--connections-per-address") == 1


def test_connections_to_the_web_application_past_their_addresss_share_are_refused(start_web):
    web = start_web("resp://127.0.0.1:1", "--connections-per-address", 2)
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with web.peer("http") as first, web.peer("http") as second:
        for peer in (first, second):
            peer.ask(request, b"HTTP/1.1 200")
        with web.peer("http") as third:
            assert third.read_all().startswith(b"HTTP/1.1 503 ")
        with socket.create_connection(tuple(web.address("http")), PATIENCE_S, ("127.0.0.2", 0)) as other:
            other.sendall(request)
            assert other.recv(100).startswith(b"HTTP/1.1 200")
    assert "1 refused (1 for one address had its share)" in web.wait_for_line("overloaded")

    def is_served():
        with web.peer("http") as peer:
            peer.send(request)
            return peer.read_line().startswith(b"HTTP/1.1 200")

    wait_until(is_served)


def test_a_place_that_is_free_again_is_taken(start_server):
    server = start_server("--connections-max", "1")
    with server.peer("line") as peer:
        peer.ask(b"set k v\r\n", b"END\r\n")
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with server.peer("line") as peer:
            peer.send(b"get k\r\n")
            if peer.read_line() == b"v":
                return
    raise AssertionError("the place was never free again")


def test_connections_are_lowered_to_what_the_file_limit_allows(start):
    program = start(
        "/usr/bin/prlimit", "--nofile=256:256", BIN / "larder-server", "--workers", "2", "--listen", "line://127.0.0.1:0"
    ).wait_until_ready()
    assert "connections-max is lowered from 10000 to" in program.stderr
    held = []
    try:
        while True:
            held.append(program.peer("line"))
            held[-1].send(b"get k\r\n")
            answer = held[-1].read_line()
            if answer != b"END":
                break
    finally:
        for peer in held:
            peer.close()
    assert answer == b"ERROR too many connections"
    assert 100 < len(held) < 256


def test_who_does_not_log_in_in_time_is_closed(start_server):
    server = start_server("--password", "secret", "--login-timeout", "500ms", "--workers", "1")
    with contextlib.ExitStack() as stack:
        logged_in = stack.enter_context(server.peer("resp"))
        logged_in.ask(b"AUTH secret\r\n", b"+OK\r\n")
        strangers = [stack.enter_context(server.peer(scheme)) for scheme in ("line", "resp", "http")]
        strangers[1].ask(b"PING\r\n", b"-NOAUTH Authentication required.\r\n")
        strangers[2].ask(b"GET /healthz HTTP/1.1\r\nHost: larder\r\n\r\n", b"HTTP/1.1 200")
        for stranger in strangers:
            stranger.read_to_end()
        logged_in.ask(b"PING\r\n", b"+PONG\r\n")
        logged_in.send(b"INFO stats\r\n")
        logged_in.read_until(b"larder_logins_overdue:3\r\n")
    line = server.wait_for_line("--login-timeout")
    assert re.search(r"nobody had logged in within --login-timeout: 1, the last from 127\.0\.0\.1:\d+\n", line)
    server.stop()
    assert server.stderr.count("--login-timeout") == 1


REQUESTS = {
    "line": (b"get k\r\n", b"v\r\nEND\r\n"),
    "resp": (b"GET k\r\n", b"$1\r\nv\r\n"),
    "http": (b"GET /v1/keys/k HTTP/1.1\r\nHost: larder\r\n\r\n", b"\r\n\r\nv"),
}


def test_requests_past_their_addresss_share_wait_for_their_turn(start_server):
    """Twice the burst takes a second longer, whichever protocol and however many connections make it; others are served."""
    rate = 20
    server = start_server("--requests-per-address", rate, "--workers", "2")
    with server.peer("line") as peer:
        peer.ask(b"set k v\r\n", b"END\r\n")
    for scheme, (request, reply) in REQUESTS.items():
        with server.peer(scheme) as first, server.peer(scheme) as second:
            started = time.monotonic()
            for peer in (first, second):
                peer.send(request * rate)
            with socket.create_connection(tuple(server.address(scheme)), PATIENCE_S, ("127.0.0.2", 0)) as other:
                other.sendall(request)
                assert other.recv(1000)
            for peer in (first, second):
                for _ in range(rate):
                    peer.read_until(reply)
            assert time.monotonic() - started > 0.9, scheme
    with server.peer("resp") as peer:
        peer.send(b"INFO stats\r\n")
        assert int(peer.read_until(b"larder_requests_delayed_per_address:") and peer.read_line()) >= len(REQUESTS)
    line = server.wait_for_line("--requests-per-address")
    assert re.search(r"requests that waited for --requests-per-address 20: \d+, one of 127\.0\.0\.1\n", line)
    server.stop()
    assert server.stderr.count("--requests-per-address") == 1


def test_requests_past_their_users_share_wait_for_their_turn(start_server):
    rate = 20
    server = start_server("--requests-per-user", rate, "--password", "secret")
    with server.peer("resp") as one, server.peer("resp") as two:
        for peer in (one, two):
            peer.ask(b"AUTH secret\r\n", b"+OK\r\n")
        started = time.monotonic()
        for peer in (one, two):
            peer.send(b"PING\r\n" * rate)
        for peer in (one, two):
            peer.read_until(b"+PONG\r\n" * rate)
        assert time.monotonic() - started > 0.9
    assert re.search(r"waited for --requests-per-user 20: \d+, one of default\n", server.wait_for_line("--requests-per-user"))


def test_who_ends_his_side_while_he_waits_gets_what_was_answered(start_server, event_loop):
    server = start_server("--requests-per-address", 20, "--event-loop", event_loop)
    with server.peer("resp") as peer:
        peer.send(b"PING\r\n" * 30)
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.read_all() == b"+PONG\r\n" * 20
