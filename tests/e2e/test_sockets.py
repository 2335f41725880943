"""Where and how programs of ours listen and connect: Unix sockets, IPv6, --tcp-keepalive, --tcp-backlog; and --pin.

Goal: what is served over TCP is served the same at a path, who may connect is what --unix-mode says, and nobody's file is lost.
Method: the programs themselves, over both event loops; what the kernel says of files, connections and threads in /proc.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import pytest

from programs import BIN, PATIENCE_S, Program

LARGE = b"0123456789abcdef" * 625_000


def run(*command):
    """A program to its end: (status, stdout, stderr)."""
    result = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            env={"PATH": "/usr/bin:/bin"}, timeout=2 * PATIENCE_S, check=False)
    return result.returncode, result.stdout, result.stderr


def said(*command):
    status, out, err = run(*command)
    assert status == 0, out + err
    return out


@pytest.fixture
def folder():
    """Where other users may look, as they may not in pytest's own; and short, as the paths of sockets are."""
    with tempfile.TemporaryDirectory(prefix="larder-") as path:
        os.chmod(path, 0o755)
        yield pathlib.Path(path)


# Unix sockets.


def test_every_protocol_is_served_at_a_path(start_server, folder, event_loop):
    urls = [f"http+unix://{folder}/http", f"resp+unix://{folder}/resp", f"line+unix://{folder}/line", "resp://127.0.0.1:0"]
    server = start_server("--event-loop", event_loop, "--workers", 2, listen=urls)
    assert [address.url for address in server.addresses[:3]] == urls[:3]
    for name in ["http", "resp", "line"]:
        mode = (folder / name).stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o700
    with server.peer("line+unix") as line, server.peer("resp+unix") as resp, server.peer("resp") as tcp:
        line.ask(b"set k one\r\n", b"END\r\n")
        for peer in [resp, tcp]:
            peer.ask(b"GET k\r\n", b"$3\r\none\r\n")
        resp.send(b"*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$%d\r\n%b\r\nGET large\r\n" % (len(LARGE), LARGE))
        assert resp.read_line() == b"+OK"
        assert resp.read_line() == b"$%d" % len(LARGE)
        assert resp.read_large(len(LARGE) + 2) == LARGE + b"\r\n"
        line.send(b"quit\r\n")
        assert line.read_all() == b""
    assert said("curl", "-sS", "--unix-socket", folder / "http", "http://localhost/v1/keys/k") == "one"
    server.stop()
    assert not any(folder.iterdir()), "the files are gone with the program"


def test_one_too_many_at_a_path_is_told_so(start_server, folder, event_loop):
    server = start_server("--event-loop", event_loop, "--workers", 2, "--connections-max", 40, listen=[f"resp+unix://{folder}/s"])
    peers = [server.peer("resp+unix") for _ in range(40)]
    for peer in peers:
        peer.ask(b"PING\r\n", b"+PONG\r\n")
    with server.peer("resp+unix") as refused:
        assert refused.read_all() == b"-ERR max number of clients reached\r\n"
    for peer in peers:
        peer.send(b"QUIT\r\n")
        assert peer.read_all() == b"+OK\r\n"
        peer.close()


def test_redis_clients_speak_at_a_path_and_see_what_redis_shows(start_server, folder, event_loop):
    """What is shown was read off redis-server 7.0.15."""
    redis = pytest.importorskip("redis")
    path = folder / "s"
    start_server("--event-loop", event_loop, "--unix-mode", "0770", listen=[f"resp+unix://{path}"])

    def cli(*words):
        return said("redis-cli", "-s", path, *words)

    assert cli("SET", "k", "v") == "OK\n"
    assert cli("GET", "k") == "v\n"
    assert cli("CONFIG", "GET", "unixsocket*").split() == ["unixsocket", str(path), "unixsocketperm", "770"]
    assert cli("CONFIG", "GET", "port").split() == ["port", "0"]
    assert "can't set immutable config" in cli("CONFIG", "SET", "unixsocketperm", "777")
    assert "\ntcp_port:0\n" in cli("INFO", "server").replace("\r", "")
    assert f" addr={path}:0 laddr={path}:0 " in cli("CLIENT", "LIST")
    assert " flags=U " in cli("CLIENT", "INFO")

    client = redis.Redis(unix_socket_path=str(path), socket_timeout=PATIENCE_S)
    assert client.get("k") == b"v"
    with client.pipeline() as pipeline:
        assert pipeline.incr("n").incr("n").execute() == [1, 2]
    assert redis.Redis.from_url(f"unix://{path}?db=1").get("k") is None
    with client.monitor() as monitor:
        cli("ECHO", "hello")
        seen = next(command for command in monitor.listen() if command["command"].startswith("ECHO"))
        assert seen["client_type"] == "unix"
    client.config_set("slowlog-log-slower-than", 0)
    client.keys("*")
    assert f"{path}:0" in cli("SLOWLOG", "GET", "1").split()
    assert client.client_kill_filter(addr=f"{path}:0", skipme=True) >= 0
    client.close()


def test_the_file_of_a_killed_server_is_replaced_and_that_of_a_living_one_is_not(start_server, folder):
    url = f"resp+unix://{folder}/s"
    killed = start_server(listen=[url])
    killed.kill()
    assert (folder / "s").is_socket()
    server = start_server(listen=[url])
    status, _, err = run(BIN / "larder-server", "--listen", url)
    assert status == 1
    assert f"{folder}/s is in use already; --listen moves it" in err
    with server.peer("resp+unix") as peer:
        peer.ask(b"PING\r\n", b"+PONG\r\n")


def test_what_is_no_socket_is_never_removed(folder):
    file = folder / "precious"
    file.write_text("all of it", encoding="ascii")
    status, _, err = run(BIN / "larder-server", "--listen", f"resp+unix://{file}")
    assert status == 1
    assert f"{file} is there already and is no socket, so it is left alone" in err
    assert file.read_text(encoding="ascii") == "all of it"


def test_a_file_that_took_the_place_of_ours_stays(start_server, folder):
    server = start_server(listen=[f"resp+unix://{folder}/s"])
    (folder / "s").unlink()
    (folder / "s").write_text("somebody else's", encoding="ascii")
    server.stop()
    assert (folder / "s").exists()


def test_a_listener_that_fails_leaves_no_file_of_the_others(folder):
    status, _, err = run(BIN / "larder-server", "--listen", f"resp+unix://{folder}/s", "--listen", f"line+unix://{folder}/none/s")
    assert status == 1
    assert f"{folder}/none/s: there is no such folder" in err
    assert not any(folder.iterdir())


@pytest.mark.parametrize(
    "options, words",
    [
        (["--listen", "resp+unix://run/s"], "the path of a Unix socket starts with a slash"),
        (["--listen", "resp+unix:///tmp/a b"], "a socket's path has letters, digits and ._-+@:~= only"),
        (["--listen", "resp+unix:///" + 107 * "x"], "a socket's path has at most 107 bytes, and this one has 108"),
        (["--listen", "gopher+unix:///tmp/s"], "its scheme must be"),
        (["--unix-mode", "rwx------"], "--unix-mode: 'rwx------' is not the mode of a socket"),
        (["--unix-mode", "0577"], "--unix-mode: '0577' is not the mode of a socket"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(options, words):
    status, out, err = run(BIN / "larder-server", *options)
    assert (status, out) == (2, "")
    assert words in err and len(err.splitlines()) == 1


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_the_mode_is_the_same_whatever_the_mask_of_the_process(folder, mask):
    server = Program("larder-server", ["--listen", f"resp+unix://{folder}/s", "--unix-mode", "0660"],
                     before=lambda: os.umask(mask))
    try:
        server.wait_until_ready()
        assert stat.S_IMODE((folder / "s").stat().st_mode) == 0o660
        server.stop()
    finally:
        server.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as another user")
@pytest.mark.parametrize("mode, lets_in", [("0700", False), ("0770", False), ("0777", True)])
def test_others_get_in_only_if_the_mode_says_so(start_server, folder, mode, lets_in):
    start_server("--unix-mode", mode, listen=[f"resp+unix://{folder}/s"])
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    _, out, err = run(*as_nobody, "redis-cli", "-s", folder / "s", "PING")
    assert ("PONG" in out, "Permission denied" in out + err) == (lets_in, not lets_in)


def test_our_own_programs_connect_to_a_path(start, start_server, folder, event_loop):
    cache = f"resp+unix://{folder}/cache"
    server = start_server("--event-loop", event_loop,
                          listen=[cache, f"line+unix://{folder}/line", f"http+unix://{folder}/http"])
    for address in server.addresses:
        said(BIN / "larder-server", "--healthcheck", address)

    trace = folder / "trace.txt"
    trace.write_text("".join(f"{at % 100}\n" for at in range(1000)), encoding="ascii")
    assert "miss ratio  0.1000\n" in said(BIN / "larder-replay", trace, "--server", cache)

    figures = json.loads(said(BIN / "larder-bench", cache, "--fill", "--keys", 2000, "--connections", 8, "--requests",
                              20_000, "--verify", "--json"))
    assert figures["succeeded"] == figures["sent"] == 20_000 and figures["hits"] == 20_000

    web = start("larder-web", "--listen", f"http+unix://{folder}/web", "--unix-mode", "0600", "--cache", cache)
    web.wait_until_ready()
    assert stat.S_IMODE((folder / "web").stat().st_mode) == 0o600
    curl = ["curl", "-sS", "--unix-socket", folder / "web"]
    assert said(*curl, "-d", "k1=v1", "-X", "POST", "http://localhost/api/storage/").strip() == "OK"
    assert said(*curl, "http://localhost/api/storage/?key=k1").strip() == "v1"
    said(BIN / "larder-web", "--healthcheck", f"http+unix://{folder}/web")
    web.stop()
    assert not (folder / "web").exists()

    server.stop()
    status, _, err = run(BIN / "larder-server", "--healthcheck", cache)
    assert (status, err) == (1, f"larder-server: {cache}: No such file or directory\n")


# IPv6.


def is_free(host, port):
    """Whether a server could listen there: a connection's own end may have the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def test_ipv6_is_served_beside_ipv4(start_server, has_ipv6, event_loop):
    for _ in range(20):  # until the kernel picks a port that nobody has over IPv4
        server = start_server("--event-loop", event_loop, listen=["resp://[::1]:0", "http://[::1]:0", "line://[::1]:0"])
        if is_free("127.0.0.1", server.address("resp").port):
            break
        server.stop()
    for address in server.addresses:
        assert address.url.startswith(f"{address.scheme}://[::1]:")
        said(BIN / "larder-server", "--healthcheck", address)
    resp, http = server.address("resp"), server.address("http")
    beside = start_server(listen=[f"resp://127.0.0.1:{resp.port}"])

    def cli(host, *words):
        return said("redis-cli", "-h", host, "-p", resp.port, *words)

    assert cli("::1", "SET", "k", "six") == "OK\n"
    assert cli("127.0.0.1", "SET", "k", "four") == "OK\n"
    assert cli("::1", "GET", "k") == "six\n"
    assert re.search(rf" addr=\[::1\]:\d+ laddr=\[::1\]:{resp.port} ", cli("::1", "CLIENT", "LIST"))
    assert cli("::1", "CONFIG", "GET", "bind").split() == ["bind", "::1"]
    assert said("curl", "-sS", f"http://[::1]:{http.port}/v1/keys/k") == "six"
    said(BIN / "larder-bench", resp, "--fill", "--keys", 100, "--connections", 2, "--requests", 1000)
    beside.stop()


def test_all_of_ipv6_is_ipv6_only(start_server, has_ipv6, event_loop):
    status, _, err = run(BIN / "larder-server", "--listen", "resp://[::]:0")
    assert status == 2 and "--allow-anonymous" in err
    server = start_server("--event-loop", event_loop, "--allow-anonymous", listen=["resp://[::]:0"])
    port = server.address("resp").port
    assert said("redis-cli", "-h", "::1", "-p", port, "PING") == "PONG\n"
    beside = start_server("--allow-anonymous", listen=[f"resp://0.0.0.0:{port}"])
    assert said("redis-cli", "-h", "127.0.0.1", "-p", port, "SET", "k", "four") == "OK\n"
    assert said("redis-cli", "-h", "::1", "-p", port, "EXISTS", "k") == "0\n"
    beside.stop()


def test_the_web_application_speaks_ipv6(start_server, start_web, has_ipv6):
    web = start_web(start_server(listen=["resp://[::1]:0"]).address("resp"), listen="http://[::1]:0")
    url = f"http://[::1]:{web.addresses[0].port}/api/storage/"
    assert said("curl", "-sS", "-d", "k=v", "-X", "POST", url).strip() == "OK"
    assert said("curl", "-sS", f"{url}?key=k").strip() == "v"


# What is set of TCP connections.


def keepalive_s(port):
    """In how many seconds the kernel asks the peer of the one connection that was accepted on this port; None: never."""
    for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        established = words[3] == "01"
        if established and words[1].endswith(f":{port:04X}"):
            kind, ticks = words[5].split(":")
            return int(ticks, 16) / os.sysconf("SC_CLK_TCK") if kind == "02" else None
    raise AssertionError("there is no such connection")


@pytest.mark.parametrize("options, expected", [([], 300), (["--tcp-keepalive", 77], 77), (["--tcp-keepalive", 0], 0)])
def test_a_silent_peer_is_asked_when_the_option_says(start_server, event_loop, options, expected):
    server = start_server("--event-loop", event_loop, *options)
    with server.peer("resp") as peer:
        peer.ask(b"CONFIG GET tcp-keepalive\r\n", b"*2\r\n$13\r\ntcp-keepalive\r\n$%d\r\n%d\r\n" % (len(str(expected)), expected))
        asked_in_s = keepalive_s(server.address("resp").port)
        if expected == 0:
            assert asked_in_s is None
        else:
            assert expected - 10 < asked_in_s <= expected
        peer.ask(b"CONFIG SET tcp-keepalive 5\r\n", b"-ERR CONFIG SET failed (possibly related to argument 'tcp-keepalive') - ")


@pytest.mark.skipif(shutil.which("ss") is None, reason="ss is not installed")
def test_as_many_may_wait_as_the_option_says(start_server, folder):
    server = start_server("--tcp-backlog", 33, listen=["resp://127.0.0.1:0", f"resp+unix://{folder}/s"])
    port = server.address("resp").port
    assert said("redis-cli", "-p", port, "CONFIG", "GET", "tcp-backlog").split() == ["tcp-backlog", "33"]
    assert said("ss", "-Hltn", f"sport = :{port}").split()[2] == "33"
    assert next(line for line in said("ss", "-Hlx").splitlines() if f"{folder}/s" in line).split()[3] == "33"


# The cores that workers run on.


def cores_of_threads(pid):
    """The cores that each thread of a process may use, by the thread's name."""
    cores = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text(encoding="ascii")
        cores[(task / "comm").read_text(encoding="ascii").strip()] = re.search(r"Cpus_allowed_list:\s*(\S+)", status)[1]
    return cores


def test_workers_are_bound_to_a_core_each(start_server, event_loop):
    usable = sorted(os.sched_getaffinity(0))
    server = start_server("--event-loop", event_loop, "--pin")
    cores = cores_of_threads(server.process.pid)
    assert [cores[f"worker {at}"] for at in range(len(usable))] == [str(core) for core in usable]
    with server.peer("resp") as peer:
        peer.ask(b"PING\r\n", b"+PONG\r\n")


def test_workers_are_bound_to_none_unless_told(start_server):
    cores = cores_of_threads(start_server("--workers", 1).process.pid)
    assert cores["worker 0"] == cores["larder-server"]


def test_only_cores_that_the_process_may_use_are_bound_to():
    core = max(os.sched_getaffinity(0))

    def program(*options):
        return Program("larder-server", ["--listen", "resp://127.0.0.1:0", "--pin", *options],
                       before=lambda: os.sched_setaffinity(0, {core}))

    server = program()
    try:
        server.wait_until_ready()
        assert cores_of_threads(server.process.pid)["worker 0"] == str(core)
        server.stop(by=signal.SIGINT)
    finally:
        server.kill()
    refused = program("--workers", 2)
    assert refused.wait() == 2
    assert "--pin: 2 workers cannot have a core each: this process may use 1; --workers makes them fewer" in refused.stderr
