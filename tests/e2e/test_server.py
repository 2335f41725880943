"""larder-server as a process: what it says, what it serves, how it ends.

Goal: the promises of `larder-server --help` hold from outside: options and who wins, the line that says ready, exit
statuses, signals. Method: the program itself on ports that the kernel picks; what is waited for is an answer, a line on stderr
or the end of the process.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from programs import BIN, PATIENCE_S, stats_of, stats_over, wait_until

REDIS_CLI = shutil.which("redis-cli")


def run(*options, environment=None):
    """larder-server to its end: (status, stdout, stderr)."""
    result = subprocess.run(
        [BIN / "larder-server", *map(str, options)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", **(environment or {})},
        timeout=PATIENCE_S,
    )
    return result.returncode, result.stdout, result.stderr


# What it says.


def test_help_and_version_go_to_stdout():
    status, out, err = run("--help")
    assert (status, err) == (0, "")
    for flag in ["--listen", "--memory", "--connections-max", "--healthcheck", "--config", "LARDER_IDLE_TIMEOUT"]:
        assert flag in out
    status, out, err = run("--version")
    assert (status, err) == (0, "")
    assert out.startswith("larder-server ")


def test_the_ready_line_names_real_ports_in_the_order_given_at_any_log_level(start, has_ipv6):
    listeners = ["http://127.0.0.1:0", "resp://127.0.0.1:0", "line://[::1]:0", "line://127.0.0.1:0"]
    options = [word for url in listeners for word in ("--listen", url)]
    program = start("larder-server", "--log-level", "off", *options).wait_until_ready()
    assert [address.scheme for address in program.addresses] == ["http", "resp", "line", "line"]
    assert [address.host for address in program.addresses] == ["127.0.0.1", "127.0.0.1", "::1", "127.0.0.1"]
    assert all(address.port > 0 for address in program.addresses)
    for address in program.addresses:
        socket.create_connection(tuple(address), timeout=PATIENCE_S).close()
    program.stop()
    assert len(program.stderr.splitlines()) == 1


# What it refuses, and how it exits.


@pytest.mark.parametrize(
    "options, words",
    [
        (["--memroy", "1mb"], ["--memroy"]),
        (["--memory", "lots"], ["--memory", "lots"]),
        (["--memory", "1mb", "--shards", "4096"], ["--shards", "largest"]),
        (["--backend", "magic"], ["--backend", "lru"]),
        (["--listen", "line://0.0.0.0:0"], ["0.0.0.0", "--allow-anonymous"]),
        (["--config", "/nowhere.toml"], ["/nowhere.toml"]),
        (["stray"], ["stray"]),
    ],
)
def test_a_bad_option_is_named_and_exits_with_2(options, words):
    status, out, err = run(*options)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    for word in words:
        assert word in err


def test_a_bad_variable_is_named_and_exits_with_2():
    status, _, err = run(environment={"LARDER_WORKERS": "many"})
    assert status == 2
    assert "LARDER_WORKERS" in err


def test_an_unknown_key_names_file_and_line(tmp_path):
    config = tmp_path / "larder.toml"
    config.write_text('# mine\nmemory = "64mb"\nmemroy = "64mb"\n', encoding="utf-8")
    status, _, err = run("--config", config)
    assert status == 2
    assert f"{config}:3" in err and "memroy" in err


def test_a_busy_port_names_itself_and_the_option_that_moves_it():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        status, _, err = run("--listen", f"resp://127.0.0.1:{port}")
    assert status == 1
    assert f"127.0.0.1:{port}" in err and "--listen" in err


# Who wins.


def test_flags_win_over_variables_over_the_file(start_server, tmp_path):
    config = tmp_path / "larder.toml"
    config.write_text('memory = "16mb"\nbackend = "ordered"\nlog-level = "warn"\n', encoding="utf-8")
    environment = {"LARDER_CONFIG": str(config)}
    assert stats_of(start_server(environment=environment))["memory_limit"] == 16 << 20
    environment["LARDER_MEMORY"] = "32mb"
    assert stats_of(start_server(environment=environment))["memory_limit"] == 32 << 20
    stats = stats_of(start_server("--memory", "64mb", environment=environment))
    assert (stats["memory_limit"], stats["backend"]) == (64 << 20, "ordered")


def test_listeners_come_from_the_environment_separated_by_commas(start_server):
    server = start_server(listen=[], environment={"LARDER_LISTEN": "resp://127.0.0.1:0,line://127.0.0.1:0"})
    assert [address.scheme for address in server.addresses] == ["resp", "line"]


def test_an_unknown_variable_is_a_warning_unless_it_is_the_web_applications(start_server):
    server = start_server(environment={"LARDER_MEMROY": "1mb", "LARDER_WEB_CACHE": "resp://127.0.0.1:1"})
    assert "LARDER_MEMROY" in server.stderr
    assert "LARDER_WEB_CACHE" not in server.stderr


# What it serves.


def test_the_line_protocol_sets_gets_and_deletes(server):
    with server.peer("line") as peer:
        peer.ask(b"set k one two\r\n", b"END\r\n")
        peer.ask(b"get k\r\n", b"one two\r\nEND\r\n")
        peer.ask(b"delete k\r\n", b"END\r\n")
        peer.ask(b"get k\n", b"END\r\n")
        peer.ask(b"nonsense\r\n", b"ERROR ")
        peer.read_line()
        peer.send(b"quit\r\n")
        assert peer.read_all() == b""


def test_http_says_that_it_is_healthy(server):
    with server.peer("http") as peer:
        peer.send(b"GET /healthz HTTP/1.1\r\nHost: larder\r\nConnection: close\r\n\r\n")
        answer = peer.read_all()
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\nok\n")


@pytest.mark.skipif(REDIS_CLI is None, reason="redis-cli is not installed")
@pytest.mark.parametrize("version", [[], ["-3"]], ids=["resp2", "resp3"])
def test_redis_cli_reads_what_it_wrote(server, version):
    def redis_cli(*words):
        command = [REDIS_CLI, *version, "-p", str(server.address("resp").port), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout

    assert redis_cli("PING") == "PONG\n"
    assert redis_cli("SET", "k", "v") == "OK\n"
    assert redis_cli("GET", "k") == "v\n"
    assert redis_cli("GET", "absent").strip() == ""
    with server.peer("line") as peer:
        peer.ask(b"get k\r\n", b"v\r\nEND\r\n")


def test_connections_are_spread_over_workers_and_see_the_same_keys(start_server):
    server = start_server("--workers", "3")
    peers = [server.peer("line") for _ in range(12)]
    peers[0].ask(b"set k v\r\n", b"END\r\n")
    for peer in peers:
        peer.ask(b"get k\r\n", b"v\r\nEND\r\n")
    assert stats_of(server)["connections"] == len(peers) + 1
    for peer in peers:
        peer.close()


def test_expired_items_leave_without_being_read(start_server):
    server = start_server("--workers", "2")
    with server.peer("resp") as peer:
        for i in range(1000):
            peer.send(b"SET k%d v PX 1\r\n" % i)
        for _ in range(1000):
            peer.ask(b"", b"+OK\r\n")
    deadline = time.monotonic() + PATIENCE_S
    with server.peer("http") as peer:
        while stats_over(peer)["items"] > 0:
            assert time.monotonic() < deadline


def test_expired_items_stay_while_the_sweep_is_off_and_are_not_found(start_server):
    """Without a sweep nobody sees that an item has expired but who asks for it. Method: a reply that comes long after
    the sweep would have been there."""
    server = start_server("--workers", "2")
    with server.peer("resp") as peer:
        peer.ask(b"DEBUG SET-ACTIVE-EXPIRE 0\r\n", b"+OK\r\n")
        peer.ask(b"SET k v PX 1\r\nSELECT 3\r\nSET l v PX 1\r\n", b"+OK\r\n" * 3)
        peer.ask(b"DEBUG SLEEP 3\r\n", b"+OK\r\n")
        assert stats_of(server)["items"] == 2
        peer.ask(b"GET l\r\nEXISTS l\r\nSELECT 0\r\nGET k\r\nKEYS *\r\n",
                 b"$-1\r\n:0\r\n+OK\r\n$-1\r\n*0\r\n")
        peer.ask(b"DEBUG SET-ACTIVE-EXPIRE 1\r\n", b"+OK\r\n")
    wait_until(lambda: stats_of(server)["items"] == 0)


# How it ends.


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_beside_idle_connections(server, by):
    with server.peer("resp") as peer:
        peer.ask(b"PING\r\n", b"+PONG\r\n")
        server.stop(by)
        assert peer.read_all() == b""


def test_debug_log_writes_to_the_log(start_server):
    server = start_server()
    with server.peer("resp") as peer:
        peer.ask(b'DEBUG LOG "here it\\r\\nhappened"\r\n', b"+OK\r\n")
    server.stop()
    assert "warning DEBUG LOG: here it  happened\n" in server.stderr


def test_config_set_timeout_is_for_connections_that_are_silent_already(start_server):
    server = start_server("--workers", "2")
    with server.peer("resp") as silent, server.peer("line") as other, server.peer("resp") as admin:
        silent.ask(b"PING\r\n", b"+PONG\r\n")
        admin.ask(b"CONFIG SET timeout 1\r\n", b"+OK\r\n")
        assert silent.read_all() == b""
        assert other.read_all() == b""
    assert stats_of(server)["idle_closed"] >= 2


def test_client_pause_holds_up_writes_of_every_protocol_until_its_end(start_server):
    server = start_server("--workers", "2")
    put = b"PUT /v1/keys/%s HTTP/1.1\r\nHost: larder\r\nContent-Length: 3\r\n\r\nnew"
    with server.peer("line") as line, server.peer("http") as http, server.peer("resp") as admin:
        admin.ask(b"MSET a old b old\r\n", b"+OK\r\n")
        admin.ask(b"CLIENT PAUSE 100000 WRITE\r\n", b"+OK\r\n")
        line.ask(b"get a\r\nset a new\r\nget a\r\n", b"old\r\nEND\r\n")
        http.send(b"GET /healthz HTTP/1.1\r\nHost: larder\r\n\r\n" + put % b"b")
        assert b" 200 " in http.read_until(b"ok\n")
        admin.ask(b"MGET a b\r\n", b"*2\r\n$3\r\nold\r\n$3\r\nold\r\n")
        admin.ask(b"CLIENT UNPAUSE\r\n", b"+OK\r\n")
        line.ask(b"", b"END\r\nnew\r\nEND\r\n")
        assert b" 204 " in http.read_until(b"\r\n\r\n")
        admin.ask(b"MGET a b\r\n", b"*2\r\n$3\r\nnew\r\n$3\r\nnew\r\n")


SIZE = 32 << 20


def owe_a_large_reply(server):
    """A connection that has asked for SIZE bytes and has read one. The server has one shard, as the value must fit it."""
    peer = server.peer("resp")
    peer.ask(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % SIZE + b"x" * SIZE + b"\r\n", b"+OK\r\n")
    peer.send(b"GET k\r\n")
    assert peer.read(1) == b"$"
    return peer


def test_replies_under_way_are_finished_first(start_server):
    server = start_server("--shards", "1", "--shutdown-timeout", "1h")
    with owe_a_large_reply(server) as peer:
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_line("stopping")
        assert peer.read_all() == b"%d\r\n" % SIZE + b"x" * SIZE + b"\r\n"
    assert server.wait() == 0


def test_a_second_signal_hastens(start_server):
    server = start_server("--shards", "1", "--shutdown-timeout", "1h")
    with owe_a_large_reply(server):
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_line("stopping")
        assert server.is_running
        server.stop()


def test_the_shutdown_timeout_ends_what_would_not(start_server):
    server = start_server("--shards", "1", "--shutdown-timeout", "100ms")
    with owe_a_large_reply(server):
        server.stop()


# Its health.


def test_the_health_check_asks_any_of_its_addresses(server):
    for address in server.addresses:
        assert run("--healthcheck", address) == (0, "", "")


def test_a_password_closes_every_port_and_the_server_stays_healthy(server):
    """Who asks for a password is at home: a container must not be restarted for it, and come back without one."""
    with server.peer("resp") as owner, server.peer("line") as before:
        before.ask(b"get k\r\n", b"END\r\n")
        owner.ask(b"CONFIG SET requirepass secret\r\n", b"+OK\r\n")
        before.ask(b"get k\r\n", b"END\r\n")
    with server.peer("resp") as resp, server.peer("line") as line, server.peer("http") as http:
        resp.send(b"PING\r\n")
        resp.read_until(b"-NOAUTH Authentication required.\r\n")
        line.send(b"get k\r\n")
        line.read_until(b"ERROR log in first")
        http.send(b"GET /v1/stats HTTP/1.1\r\nHost: larder\r\n\r\n")
        http.read_until(b"HTTP/1.1 401 Unauthorized\r\n")
        resp.send(b"AUTH secret\r\nPING\r\n")
        resp.read_until(b"+OK\r\n+PONG\r\n")
    for address in server.addresses:
        assert run("--healthcheck", address) == (0, "", "")


def test_the_health_check_fails_in_time_where_nobody_answers():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"resp://127.0.0.1:{silent.getsockname()[1]}"
        started_at = time.monotonic()
        status, _, err = run("--healthcheck", url)
        assert status == 1 and url in err
        assert time.monotonic() - started_at < 2.0
    status, _, err = run("--healthcheck", url)
    assert status == 1 and url in err


def test_a_health_check_of_nothing_known_is_a_bad_option():
    assert run("--healthcheck", "gopher://127.0.0.1:70")[0] == 2


def test_many_shards_with_nothing_to_do_stop_when_told_to(start_server):
    # An idle shard once cost a place of the sweep's portion: past 256 shards the sweep never ended, and the loops with it.
    server = start_server("--shards", "1024", "--workers", "2")
    with server.peer("resp") as peer:
        for _ in range(200):
            peer.ask(b"PING\r\n", b"+PONG\r\n")
    server.stop()


def test_a_reply_past_the_output_limit_ends_its_connection_and_is_counted(start_server):
    """Of what is copied: `lru` lends nothing."""
    options = ("--memory", "64mb", "--shards", "1", "--value-size-max", "1mb", "--output-size-max", "4mb")
    server = start_server("--backend", "lru", *options)
    value = b"x" * 1_000_000
    with server.peer("resp") as peer:
        peer.ask(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n" + value + b"\r\n", b"+OK\r\n")
        peer.send(b"*9\r\n$4\r\nMGET\r\n" + b"$1\r\nk\r\n" * 8)
        assert len(peer.read_all()) < 8_000_000
    with server.peer("resp") as peer:
        # Three values fit.
        reply = b"$1000000\r\n" + value + b"\r\n"
        peer.ask(b"*4\r\n$4\r\nMGET\r\n" + b"$1\r\nk\r\n" * 3, b"*3\r\n" + reply * 3)
    with urllib.request.urlopen(f"{server.address('http')}/v1/stats") as stats:
        assert json.load(stats)["slow_readers_closed"] == 1


def test_what_is_sent_from_where_it_lies_does_not_count_against_the_output_limit(start_server):
    server = start_server("--memory", "64mb", "--value-size-max", "1mb", "--output-size-max", "4mb")
    value = b"x" * 1_000_000
    with server.peer("resp") as peer:
        peer.ask(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n" + value + b"\r\n", b"+OK\r\n")
        reply = b"*20\r\n" + (b"$1000000\r\n" + value + b"\r\n") * 20
        peer.send(b"*21\r\n$4\r\nMGET\r\n" + b"$1\r\nk\r\n" * 20)
        assert peer.read_large(len(reply)) == reply


@pytest.mark.parametrize("backend", ["lru", "segment"])
def test_the_memory_of_connection_buffers_is_shown_while_it_is_in_use(start_server, backend):
    """`lru` has a large value copied on its way out; `segment` has it sent from where it lies."""
    server = start_server("--memory", "64mb", "--backend", backend)
    value = b"x" * 16_000_000

    def shown(peer):
        peer.send(b"INFO memory\r\n")
        text = peer.read(int(peer.read_line()[1:]) + 2)
        return int(re.search(rb"larder_connection_buffer_size:(\d+)", text).group(1))

    with server.peer("resp") as watcher:
        with server.peer("resp") as reader:
            reader.ask(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16000000\r\n" + value + b"\r\n", b"+OK\r\n")
            reader.send(b"GET k\r\n")
            assert reader.read_line() == b"$16000000"  # the rest is on its way
            if backend == "lru":
                wait_until(lambda: shown(watcher) >= 4_000_000)
            else:
                assert shown(watcher) <= 100_000
            assert reader.read_large(len(value) + 2) == value + b"\r\n"
        wait_until(lambda: shown(watcher) <= 100_000)


@pytest.mark.parametrize("policy", ["s3fifo", "fifo", "clock"])
def test_the_policy_is_an_option_of_the_default_back_end_and_is_shown(start_server, policy):
    server = start_server("--memory", "1mb", "--policy", policy)
    with urllib.request.urlopen(f"{server.address('http')}/v1/stats") as reply:
        stats = json.load(reply)
    assert (stats["backend"], stats["policy"]) == ("segment", policy)
    with server.peer("resp") as peer:
        for i in range(2000):
            peer.ask(b"*3\r\n$3\r\nSET\r\n$4\r\n%04d\r\n$1000\r\n%b\r\n" % (i, b"x" * 1000), b"+OK\r\n")
    with urllib.request.urlopen(f"{server.address('http')}/v1/stats") as reply:
        stats = json.load(reply)
    assert stats["evictions"] > 1000 and stats["items"] == 2000 - stats["evictions"]
    assert stats["memory_used"] <= stats["memory_limit"] == 1 << 20
