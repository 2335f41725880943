"""larder-bench as a process: what it counts, what it refuses, and what it says when a server misbehaves.

Goal: the figures are of what happened. Every request that was sent is answered and counted once; hits are hits and misses
misses; an answer that is wrong is no success; an open loop keeps its rate and does not hide a server's pauses. Method:
larder-server, Debian's redis-server and memcached, and servers of a few lines that lie, stall or go away.
"""

import json
import os
import re
import signal
import socket
import socketserver
import subprocess
import threading
import time

import pytest

from programs import BIN, PATIENCE_S, Program

FEW = ["--keys", 2000, "--connections", 8]


def run(*options, environment=None):
    """larder-bench to its end: (status, stdout, stderr)."""
    result = subprocess.run(
        [BIN / "larder-bench", *map(str, options)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", **(environment or {})},
        timeout=4 * PATIENCE_S,
    )
    return result.returncode, result.stdout, result.stderr


def is_remark(line):
    """What standard error may have in a good run: progress, and that the threads were busy, as they are with sanitizers."""
    return re.match(r"(filling|measuring): |larder-bench: its own threads were busy", line)


def measure(*options):
    """The figures of a run that must go well."""
    status, out, err = run(*options, "--json")
    assert status == 0 and all(map(is_remark, err.splitlines())), err
    figures = json.loads(out)
    assert len(out.splitlines()) == 1
    assert figures["sent"] == figures["replied"] == figures["latency_us"]["all"]["count"]
    assert figures["succeeded"] == figures["replied"] - figures["refused"]
    return figures


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def daemon(arguments, port):
    """A server of Debian's, once it accepts."""
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
            return process
        except ConnectionRefusedError:
            assert process.poll() is None and time.monotonic() < end, f"{arguments[0]} does not listen"
            time.sleep(0.01)


def larder(start_server, _folder):
    return start_server().address("resp").url, None


def redis(_start_server, folder):
    port = free_port()
    options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
    return f"resp://127.0.0.1:{port}", daemon(["redis-server", *map(str, options)], port)


def memcached(_start_server, _folder):
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    return f"memcached://127.0.0.1:{port}", daemon(["memcached", *user, "-l", "127.0.0.1", "-p", str(port), "-t", "1"], port)


@pytest.fixture(params=[larder, redis, memcached], ids=["larder", "redis", "memcached"])
def url(request, start_server, tmp_path):
    """The address of an empty server."""
    address, process = request.param(start_server, tmp_path)
    yield address
    if process is not None:
        process.kill()
        process.wait(PATIENCE_S)


# What it says, and what it refuses.


def test_help_says_what_there_is():
    status, out, err = run("--help")
    assert (status, err) == (0, "")
    for word in ["--fill", "--pipeline", "--rate", "--key-choice", "zipf", "MGET", "memcached://", "LARDER_BENCH_SEED"]:
        assert word in out, word


@pytest.mark.parametrize(
    "options, words",
    [
        (["http://127.0.0.1:1"], "http"),
        (["resp://127.0.0.1"], "the port is missing"),
        (["--connections", 2, "--threads", 3], "--threads: more than the 2 connections"),
        (["--skew", "1"], "is for --key-choice zipf"),
        (["--duration", "5"], "--duration"),
        (["--requests", 0], "leaves nothing to do"),
        (["--no-such"], "--no-such"),
    ],
)
def test_misuse_is_refused_with_a_sentence(options, words):
    status, out, err = run(*options)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1 and words in err and err.startswith("larder-bench: "), err


# What it counts, against three servers.


def test_keys_are_missing_until_they_are_filled_in(url):
    empty = measure(url, *FEW, "--requests", 5000)
    assert (empty["replied"], empty["hits"], empty["misses"]) == (5000, 0, 5000)
    full = measure(url, *FEW, "--requests", 5000, "--fill")
    assert (full["filled"], full["replied"], full["hits"], full["misses"]) == (2000, 5000, 5000, 0)
    assert full["received_bytes"] > 5000 * 64 and full["sent_bytes"] > 5000 * 23
    again = measure(url, *FEW, "--requests", 5000, "--verify", "--pipeline", 16, "--key-choice", "zipf")
    assert (again["hits"], again["wrong"]) == (5000, 0)
    beyond = measure(url, "--keys", 4000, "--requests", 4000, "--key-choice", "sequential", "--threads", 3)
    assert (beyond["hits"], beyond["misses"]) == (2000, 2000)


def test_several_keys_are_read_at_once(url):
    measure(url, *FEW, "--fill", "--requests", 1)
    figures = measure(url, "--keys", 4000, "--keys-per-read", 100, "--requests", 400, "--key-choice", "sequential",
                      "--pipeline", 4, "--verify", "--connections", 3)
    assert (figures["replied"], figures["hits"], figures["misses"]) == (400, 20000, 20000)


def test_reads_and_stores_are_mixed(url):
    figures = measure(url, *FEW, "--reads", 70, "--requests", 10000, "--pipeline", 5, "--threads", 2)
    reads, stores = figures["latency_us"]["reads"], figures["latency_us"]["stores"]
    assert reads["count"] + stores["count"] == 10000
    assert 6500 < reads["count"] < 7500
    assert figures["stored"] == stores["count"]
    assert figures["hits"] + figures["misses"] == reads["count"]
    for times in (reads, stores):
        assert 0 < times["p50"] <= times["p90"] <= times["p99"] <= times["p99.9"] <= times["max"]


def test_values_may_be_large_and_of_many_sizes(url):
    large = measure(url, "--keys", 20, "--value-size", "100kb", "--fill", "--requests", 500, "--pipeline", 8, "--verify")
    assert large["hits"] == 500 and large["received_bytes"] > 500 * 100_000
    many = measure(url, *FEW, "--value-mean", 300, "--fill", "--requests", 2000, "--verify")
    assert many["hits"] == 2000


def test_a_value_of_another_size_is_no_success(url):
    measure(url, *FEW, "--fill", "--requests", 1)
    status, out, err = run(url, *FEW, "--requests", 1000, "--value-size", 63, "--json")
    figures = json.loads(out)
    assert status == 1 and "1000 values were not those that belong to their keys; the first one: object:" in err
    assert (figures["hits"], figures["wrong"], figures["succeeded"], figures["requests_per_s"]) == (0, 1000, 0, 0)


def test_an_open_loop_keeps_its_rate(url):
    figures = measure(url, *FEW, "--rate", 500, "--duration", "1s", "--warm-up", "200ms", "--pipeline", 4, "--threads", 2)
    assert figures["replied"] + figures["overdue"] == 500
    # The last request is due just before the second is over; a busy machine may be late with its reply.
    assert 0.9 < figures["elapsed_s"] < 2
    assert 250 < figures["requests_per_s"] < 555


def test_a_table_is_for_people(url):
    status, out, err = run(url, *FEW, "--fill", "--requests", 3000)
    assert status == 0 and all(map(is_remark, err.splitlines())), err
    for line in [rf"server +{url}", r"filled +2000 keys in .*", r"requests +3000 in .* s", r"hits +3000", r"misses +0",
                 r"latency, us +mean +p50 +p90 +p99 .*max", r"reads( +[0-9.]+){7}"]:
        assert re.search(f"^{line}$", out, re.MULTILINE), (line, out)


def test_filling_may_be_all(server):
    status, out, _ = run(server.address("resp"), *FEW, "--fill", "--requests", 0)
    assert status == 0 and "2000 keys" in out and "requests/s" not in out
    with server.peer("resp") as peer:
        peer.ask(b"DBSIZE\r\n", b":2000\r\n")


def test_time_is_kept(server):
    figures = measure(server.address("resp"), *FEW, "--duration", "300ms", "--warm-up", "100ms")
    assert 0.2 < figures["elapsed_s"] < 5
    assert figures["replied"] > 0 and figures["requests_per_s"] == pytest.approx(
        figures["replied"] / figures["elapsed_s"], rel=0.01)


def test_sigint_ends_a_run_early_with_its_figures(server):
    process = subprocess.Popen(
        ["env", "--default-signal=INT", BIN / "larder-bench", server.address("resp").url, "--duration", "1h", "--json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    line = process.stderr.readline()
    assert re.match(r"measuring: [0-9]+ requests, [0-9]+ a second\n", line), line
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE_S)
    figures = json.loads(out)
    assert process.returncode == 0
    assert figures["interrupted"] and figures["replied"] > 0 and figures["sent"] == figures["replied"]


# Servers that misbehave.


def test_a_server_that_is_not_there_is_a_failure():
    url = f"resp://127.0.0.1:{free_port()}"
    status, out, err = run(url)
    assert (status, out) == (1, "")
    assert err == f"larder-bench: {url}: cannot connect: Connection refused\n"


def test_a_server_that_dies_is_a_failure(start):
    server = start("larder-server", "--listen", "resp://127.0.0.1:0").wait_until_ready()
    bench = Program("larder-bench", [server.address("resp"), *FEW, "--duration", "1h"])
    bench.wait_for_line("measuring: ")
    server.kill()
    assert bench.wait() == 1
    last = bench.stderr.splitlines()[-1]
    assert re.fullmatch(r"larder-bench: resp://\S+: after [0-9]+ replies: the (server closed|connection broke).*", last), last


class Liar(socketserver.ThreadingTCPServer):
    """Answers each line that has `asked` in it with `answer`, after a while."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, asked, answer, pause_s=0.0):
        self.asked, self.answer, self.pause_s = asked, answer, pause_s
        super().__init__(("127.0.0.1", 0), LiarHandler)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return super().__enter__()

    def __exit__(self, *arguments):
        self.shutdown()
        super().__exit__(*arguments)

    @property
    def url(self):
        scheme = "memcached" if self.asked == b"get " else "resp"
        return f"{scheme}://127.0.0.1:{self.server_address[1]}"


class LiarHandler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(1 << 16):
                time.sleep(self.server.pause_s)
                self.server.pause_s = 0
                self.request.sendall(self.server.answer * data.count(self.server.asked))
        except ConnectionError:
            pass


@pytest.mark.parametrize(
    "asked, answer, words",
    [
        (b"GET", b"HTTP/1.1 400 Bad Request\r\n\r\n", "not what RESP answers: 'HTTP/1.1 400 Bad Request'"),
        (b"GET", b"+OK\r\n", "not what RESP answers: '+OK'"),
        (b"GET", b"$-1\r\n$-1\r\n", "although it was not asked: '$-1'"),
        (b"GET", b"$64\r\n" + b"x" * 70, "no line end follows a value"),
        (b"get ", b"-ERR unknown command\r\n", "not what memcached answers: '-ERR unknown command'"),
        (b"get ", b"VALUE other 0 1\r\nx\r\nEND\r\n", "VALUE other 0 1"),
    ],
)
def test_nonsense_is_a_failure(asked, answer, words):
    with Liar(asked, answer) as server:
        status, out, err = run(server.url, "--connections", 1, "--requests", 100)
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1 and words in err, err


def test_silence_is_a_failure():
    with Liar(b"GET", b"") as server:
        status, out, err = run(server.url, "--connections", 2, "--requests", 100, "--timeout", "300ms")
    assert (status, out) == (1, "")
    assert "after 0 replies: the server has owed a connection its replies for 300 ms" in err


def test_refusals_are_no_success():
    with Liar(b"GET", b"-NOAUTH Authentication required.\r\n") as server:
        status, out, err = run(server.url, "--connections", 2, "--requests", 100, "--json")
    figures = json.loads(out)
    assert status == 1 and "refused 100 requests; the first time it said: NOAUTH Authentication required." in err
    assert (figures["refused"], figures["succeeded"], figures["requests_per_s"]) == (100, 0, 0)
    assert figures["first_refusal"] == "NOAUTH Authentication required."


def test_a_lie_is_found_where_it_is_looked_for():
    with Liar(b"GET", b"$64\r\n" + b"x" * 64 + b"\r\n") as server:
        options = [server.url, "--connections", 2, "--requests", 100]
        assert measure(*options)["hits"] == 100
        status, out, _ = run(*options, "--verify", "--json")
    assert status == 1 and (json.loads(out)["hits"], json.loads(out)["wrong"]) == (0, 100)


def test_a_fill_that_is_refused_is_a_failure(start_server):
    server = start_server("--value-size-max", "100b")
    status, out, err = run(server.address("resp"), *FEW, "--fill", "--value-size", "1kb")
    assert (status, out) == (1, "")
    assert "of the keys to fill in, the server refused 2000; the first time it said: " in err


def test_an_open_loop_does_not_hide_a_pause():
    """One connection, one second of silence, 200 requests due meanwhile: half of them have waited for half of it."""
    with Liar(b"get ", b"END\r\n", pause_s=1.0) as server:
        figures = measure(server.url, "--connections", 1, "--rate", 200, "--requests", 200)
    assert figures["latency_us"]["all"]["max"] > 900_000
    assert figures["latency_us"]["all"]["p50"] > 400_000
