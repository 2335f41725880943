"""The web application against a real cache, over real sockets.

Goal: what its page of requests and answers promises, and that a cache which dies, hangs, speaks nonsense or comes back is
told to each request in one clear answer. Method: bytes in, bytes out; the cache is larder-server, or a socket of the
test where it has to misbehave.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import pytest

from programs import BIN, PATIENCE_S

FORM = "application/x-www-form-urlencoded"
STORAGE = "/api/storage/"


class Response:
    def __init__(self, peer, has_body=True):
        head = peer.read_until(b"\r\n\r\n").decode("ascii")
        status_line, *lines = head[:-4].split("\r\n")
        self.status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .+", status_line).group(1))
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.body = peer.read(int(self.headers["content-length"])) if has_body else b""


def request(method, target, body=b"", headers=()):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def get(key, method="GET"):
    return request(method, f"{STORAGE}?key={urllib.parse.quote(key, safe='')}")


def post(*pairs, content_type=FORM):
    return request("POST", STORAGE, urllib.parse.urlencode(pairs).encode("ascii"), [f"Content-Type: {content_type}"])


def ask(peer, data, has_body=True):
    peer.send(data)
    return Response(peer, has_body)


def once(web, data):
    with web.peer("http") as peer:
        return ask(peer, data)


@pytest.fixture
def peer(web):
    with web.peer("http") as peer:
        yield peer


@pytest.fixture
def resp(server):
    with server.peer("resp") as peer:
        yield peer


def test_stores_and_looks_up_on_one_connection(peer):
    stored = ask(peer, post(("k1", "v1"), ("k2", "v2")))
    assert (stored.status, stored.body) == (200, b"OK\n")
    assert stored.headers["content-type"] == "text/plain; charset=utf-8"
    found = ask(peer, get("k1"))
    assert (found.status, found.body) == (200, b"v1")
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert ask(peer, get("k3")).status == 404
    assert ask(peer, get("k2", "HEAD"), has_body=False).headers["content-length"] == "2"
    assert ask(peer, get("k2")).body == b"v2", "HEAD sent no body"


def test_decodes_forms_as_browsers_encode_them(peer, resp):
    body = b"a+b=c%2Bd%26&%C3%A9=%E2%82%AC&last=1&last=2&empty=&zero=%00"
    assert ask(peer, request("POST", "/api/storage", body, [f"Content-Type: {FORM}; charset=UTF-8"])).status == 200
    assert ask(peer, get("a b")).body == b"c+d&"
    assert ask(peer, get("é")).body == "€".encode()
    assert ask(peer, get("last")).body == b"2"
    empty = ask(peer, get("empty"))
    assert (empty.status, empty.body) == (200, b"")
    assert ask(peer, get("zero")).body == b"\0"
    resp.ask(b"*2\r\n$3\r\nGET\r\n$2\r\n\xc3\xa9\r\n", b"$3\r\n\xe2\x82\xac\r\n")


def test_passes_on_every_byte_of_a_value(peer, resp):
    value = bytes(range(256)) * 4096
    key = b"\xff\r\n \0"
    resp.ask(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(key), key, len(value), value), b"+OK\r\n")
    assert ask(peer, request("GET", f"{STORAGE}?key={urllib.parse.quote(key)}")).body == value


def test_stores_as_many_pairs_as_a_form_may_have(peer):
    """Their answers are more bytes than the client reads at a time."""
    stored = ask(peer, post(*((f"k{i}", f"v{i}") for i in range(10000))))
    assert (stored.status, stored.body) == (200, b"OK\n")
    for i in (0, 3276, 3277, 9999):
        assert ask(peer, get(f"k{i}")).body == b"v%d" % i


def test_passes_on_values_of_every_size_around_what_the_client_reads_at_a_time(peer):
    for read_size in (1 << 14, 1 << 15):
        for size in range(read_size - 16, read_size + 7):
            assert ask(peer, post(("k", "v" * size))).status == 200
            found = ask(peer, get("k"))
            assert (found.status, len(found.body)) == (200, size), found.body[:100]


@pytest.mark.parametrize(
    "status, data",
    [
        (400, request("GET", STORAGE)),
        (400, request("GET", STORAGE + "?key=")),
        (400, request("GET", STORAGE + "?key=%F")),
        (400, post()),
        (400, post(("", "v"))),
        (400, request("POST", STORAGE, b"good=1&bad=%FF", [f"Content-Type: {FORM}"])),
        (400, request("POST", STORAGE, b"good=1&=2", [f"Content-Type: {FORM}"])),
        (404, request("GET", "/")),
        (405, request("PUT", STORAGE, b"x")),
        (405, request("DELETE", STORAGE + "?key=good")),
        (415, post(("good", "1"), content_type="application/json")),
        (415, request("POST", STORAGE, b"good=1")),
    ],
)
def test_refuses_with_a_sentence_and_keeps_the_connection(peer, status, data):
    refused = ask(peer, data)
    assert refused.status == status
    assert re.fullmatch(rb"[ -~]{10,}\n", refused.body)
    assert (status != 405) or refused.headers["allow"] == "GET, HEAD, POST"
    assert ask(peer, get("good")).status == 404, "nothing was stored"


def test_refuses_a_body_beyond_its_bound_before_it_has_come(web):
    with web.peer("http") as peer:
        head = request("POST", STORAGE, b"", [f"Content-Type: {FORM}"]).replace(b"Length: 0", b"Length: 100000000")
        refused = ask(peer, head)
        assert refused.status == 413
        assert refused.headers["connection"] == "close"
        assert peer.read_all() == b""


def test_a_pair_too_large_for_the_cache_is_refused(start_server, start_web):
    server = start_server("--value-size-max", "1kb", listen=["resp://127.0.0.1:0"])
    web = start_web(server.address("resp"))
    refused = once(web, post(("large", "v" * 2000), ("small", "v")))
    assert refused.status == 413, refused.body
    assert once(web, get("small")).body == b"v"
    assert once(web, get("large")).status == 404


def test_answers_requests_in_any_cut_and_in_order(peer):
    requests = post(("k", "1")) + get("k") + post(("k", "2")) + get("k") + request("GET", "/healthz")
    peer.send_cut(requests)
    assert [Response(peer).body for _ in range(5)] == [b"OK\n", b"1", b"OK\n", b"2", b"ok\n"]
    count = 200
    peer.send(b"".join(post(("k", str(i))) + get("k") for i in range(count)))
    for i in range(count):
        assert Response(peer).body == b"OK\n"
        assert Response(peer).body == str(i).encode()


def test_a_peer_that_hangs_up_before_its_answer_disturbs_nobody(web):
    once(web, post(("k", "v")))
    for _ in range(50):
        with web.peer("http") as peer:
            peer.send(get("k"))
    assert once(web, get("k")).body == b"v"


class Nonsense:
    """A peer that takes connections and does with each what it is told to."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"resp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.accepted_count = 0
        self.connections = []
        self.thread = threading.Thread(target=self._run, args=(serve,), daemon=True)
        self.thread.start()

    def _run(self, serve):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted_count += 1
            self.connections.append(connection)
            serve(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE_S)
        for connection in self.connections:
            connection.close()


def test_a_silent_cache_costs_a_second_and_nothing_else(start_web):
    with Nonsense(lambda connection: None) as cache:
        web = start_web(cache.url)
        started_at = time.monotonic()
        silent = once(web, get("k"))
        took = time.monotonic() - started_at
        assert silent.status == 503 and b"in time" in silent.body
        assert 0.9 < took < 10
        midway = once(web, post(("k", "v")))
        assert midway.status == 503 and b"some pairs may be stored" in midway.body
        assert once(web, request("GET", "/healthz")).body == b"ok\n"


def test_too_many_requests_for_a_silent_cache_are_refused_at_once(start_web):
    """17 calls occupy the 16 threads and one place; the queue is 256 more. All get an answer, and the last do not wait for
    the first."""
    with Nonsense(lambda connection: None) as cache:
        web = start_web(cache.url)
        peers = [web.peer("http") for _ in range(400)]
        for peer in peers:
            peer.send(get("k"))
        answers = [Response(peer) for peer in peers]
        assert {answer.status for answer in answers} == {503}
        assert any(b"too many" in answer.body for answer in answers)
        assert any(b"in time" in answer.body for answer in answers)
        for peer in peers:
            peer.close()


def test_a_get_is_tried_twice_and_a_post_is_not(start_web):
    def hang_up(connection):
        connection.recv(1)
        connection.close()

    with Nonsense(hang_up) as cache:
        web = start_web(cache.url)
        assert once(web, get("k")).status == 503
        assert cache.accepted_count == 2
        assert b"some pairs may be stored" in once(web, post(("k", "v"))).body
        assert cache.accepted_count == 3


def test_a_peer_that_is_no_cache_is_told_as_such(start_web):
    def answer_http(connection):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Nonsense(answer_http) as cache:
        web = start_web(cache.url)
        answer = once(web, get("k"))
        assert answer.status == 503 and b"HTTP" not in answer.body


def test_the_cache_away_is_503_and_comes_back_by_itself(start, start_web, start_server):
    server = start_server(listen=["resp://127.0.0.1:0"])
    address = server.address("resp")
    web = start_web(address)
    assert once(web, post(("k", "v"))).status == 200
    server.kill()
    with web.peer("http") as peer:
        away = ask(peer, get("k"))
        assert away.status == 503 and b"cannot be reached" in away.body
        unstored = ask(peer, post(("k", "v")))
        assert unstored.status == 503 and b"nothing was stored" in unstored.body
        assert ask(peer, request("GET", "/healthz")).body == b"ok\n"
        start_server(listen=[address])
        assert ask(peer, get("k")).status == 404, "a cache that restarted is empty"
        assert ask(peer, post(("k", "w"))).status == 200
        assert ask(peer, get("k")).body == b"w"
    assert "the cache is away" in web.stderr and "the cache answers again" in web.stderr


def test_the_cache_killed_and_restarted_under_load_yields_no_wrong_value(start_web, start_server):
    """Each thread stores values that name their key and their turn, and reads them back. A value may be gone; one that is
    there must be the last that was stored under this key, or one whose storing was not answered with OK."""
    server = start_server(listen=["resp://127.0.0.1:0"])
    address = server.address("resp")
    web = start_web(address)
    stop = threading.Event()
    failures, counts = [], {200: 0, 404: 0, 503: 0}
    counts_lock = threading.Lock()

    def run(name):
        seen = {200: 0, 404: 0, 503: 0}
        try:
            with web.peer("http") as peer:
                turn, possible = 0, {None}
                while not stop.is_set():
                    turn += 1
                    value = f"{name}:{turn}:" + "x" * 500
                    stored = ask(peer, post((name, value)))
                    seen[stored.status] += 1
                    if stored.status == 200:
                        assert stored.body == b"OK\n"
                        possible = {None, value}
                    else:
                        assert b"stored" in stored.body or b"too many" in stored.body, stored.body
                        possible.add(value)
                    found = ask(peer, get(name))
                    seen[found.status] += 1
                    if found.status != 503:
                        got = found.body.decode() if found.status == 200 else None
                        assert got in possible, (got, possible)
        except Exception as error:  # told by the main thread
            failures.append(repr(error))
        with counts_lock:
            for status, count in seen.items():
                counts[status] += count

    threads = [threading.Thread(target=run, args=(f"key-{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    with web.peer("http") as peer:
        for round_number in range(4):
            # Until the threads work with this cache, then until they have noticed that it is gone.
            while ask(peer, post(("probe", "x"))).status != 200:
                pass
            server.kill()
            while ask(peer, get("probe")).status != 503:
                pass
            server = start_server(listen=[address])
        while ask(peer, post(("probe", "x"))).status != 200:
            pass
        while ask(peer, get("key-0")).status != 200 and not failures:
            pass
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not failures, failures
    assert web.is_running
    assert counts[200] > 0 and counts[503] > 0, counts


def test_stops_cleanly_and_answers_what_is_under_way(start_web):
    asked, go_on = threading.Event(), threading.Event()

    def answer_late(connection):
        connection.recv(1 << 16)
        asked.set()
        go_on.wait(PATIENCE_S)
        connection.sendall(b"$4\r\nlate\r\n")

    with Nonsense(answer_late) as cache:
        web = start_web(cache.url)
        with web.peer("http") as peer:
            peer.send(get("k"))
            assert asked.wait(PATIENCE_S)
            web.process.terminate()
            web.wait_for_line("stopping")
            go_on.set()
            assert Response(peer).body == b"late"
            assert peer.read_all() == b""
        assert web.wait() == 0


def ask_until_served(web, asked):
    """Asks again, as long as PATIENCE_S, until the answer is 200."""
    give_up = time.monotonic() + PATIENCE_S
    while (status := once(web, asked).status) != 200:
        assert time.monotonic() < give_up, status


def test_a_peer_beyond_the_bound_of_connections_is_told_and_counted(start, server):
    options = ["--listen", "http://127.0.0.1:0", "--cache", server.address("resp")]
    web = start("/usr/bin/prlimit", "--nofile=150", BIN / "larder-web", *options).wait_until_ready()
    most = int(re.search(r"no more than (\d+) connections instead of \d+: .* 150 open files", web.stderr).group(1))
    peers = [web.peer("http") for _ in range(most)]
    for peer in peers:
        assert ask(peer, request("GET", "/healthz")).status == 200
    with web.peer("http") as late:
        late.send(get("k"))
        refused = Response(late)
        assert refused.status == 503 and b"too many connections" in refused.body
        assert refused.headers["connection"] == "close"
        assert late.read_all() == b""
    web.wait_for_line(f"{most} connections served, 1 refused")
    peers.pop().close()
    ask_until_served(web, request("GET", "/healthz"))
    web.stop()


def test_answers_that_nobody_takes_are_bounded_together(start_web, start_server):
    """Each is small enough; all of them would be a gigabyte."""
    server = start_server("--shards", "1")
    web = start_web(server.address("resp"))
    value = b"v" * (32 << 20)
    server.peer("resp").ask(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n" % (len(value), value), b"+OK\r\n")
    peers = [web.peer("http") for _ in range(30)]
    for peer in peers:
        peer.send(get("k"))
    web.wait_for_line("overloaded; since the start")
    # A call that waited too long behind the large answers is 503 as well; one that did not is served.
    ask_until_served(web, post(("small", "1")))
    for peer in peers:
        peer.close()
    ask_until_served(web, get("k"))


def test_its_health_check_tells_a_server_from_none(web):
    def health(url):
        done = subprocess.run([BIN / "larder-web", "--healthcheck", url], capture_output=True, timeout=PATIENCE_S)
        return done.returncode

    assert health(str(web.address("http"))) == 0
    web.stop()
    assert health(str(web.address("http"))) == 1


def test_a_busy_port_names_itself_and_the_option(web, start):
    second = start("larder-web", "--listen", web.address("http"))
    assert second.wait() == 1
    assert str(web.address("http").port) in second.stderr and "--listen" in second.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may take on a user that has no other processes")
def test_too_few_threads_end_the_start_with_a_sentence():
    options = ["--listen", "http://127.0.0.1:0", "--cache", "resp://127.0.0.1:1"]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # root's own folders, where the programs may lie, are closed to that user
        program = shutil.copy(BIN / "larder-web", folder)
        limited = ["setpriv", "--reuid=61234", "--clear-groups", "prlimit", "--nproc=8", program, *options]
        done = subprocess.run(limited, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1, done
    assert "cannot start the threads" in done.stderr and "terminate" not in done.stderr


def test_options_that_cannot_work_are_refused(start):
    for options in (["--cache", "http://127.0.0.1:1"], ["--cache", "resp://127.0.0.1:0"], ["--listen", "5000"], ["--bogus"]):
        assert start("larder-web", *options).wait() == 2, options


def test_idle_connections_do_not_hinder_working_ones(web):
    peers = [web.peer("http") for _ in range(500)]
    assert once(web, post(("k", "v"))).status == 200
    for peer in peers[::50]:
        assert ask(peer, get("k")).body == b"v"
    for peer in peers:
        peer.close()
    assert len(os.listdir(f"/proc/{web.process.pid}/fd")) < 600
