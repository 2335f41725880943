"""What the programs give up once they are ready: root's rights (--user), and files and calls (--sandbox).

Method: the kernel's word for it in /proc/PID/status, what the programs say of themselves, and that all that may still be needed
afterwards works: requests, CONFIG REWRITE, the files of Unix sockets at the end. What the sandbox refuses is tried in
src/program/sandbox_test.cc. All other tests here run in the sandbox too, since that is the default.
"""

import os
import pathlib
import pwd
import re
import shutil
import socket
import tempfile
import urllib.parse
import urllib.request

import pytest

from programs import BIN, refusal_of_event_loop

NOBODY = pwd.getpwnam("nobody")
LISTEN = ["--listen", "resp://127.0.0.1:0"]
# No other kind of build has the sandbox.
IN_FORCE = re.compile(r"sandbox: landlock \d+, seccomp\n")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def status_of(program):
    """/proc/PID/status as a dictionary."""
    text = pathlib.Path(f"/proc/{program.process.pid}/status").read_text(encoding="utf-8")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


@pytest.fixture
def folder_of_nobody():
    """A folder that is nobody's; those of tmp_path are below one that root alone may enter."""
    path = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))
    os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def sandboxed_server(start_server):
    """A server in the sandbox, or none where a build or a kernel has none."""
    server = start_server()
    if not IN_FORCE.search(server.stderr):
        pytest.skip(re.search(r"sandbox: .*", server.stderr).group())
    return server


def figures(server):
    with server.peer("resp") as peer:
        peer.send(b"INFO server\r\n")
        size = int(peer.read_line()[1:])
        return dict(line.split(":", 1) for line in peer.read(size).decode().splitlines() if ":" in line)


# --user


@needs_root
def test_a_program_goes_on_as_the_user_named(start_server, start_web, event_loop):
    server = start_server("--user", "nobody", "--event-loop", event_loop)
    web = start_web(server.address("resp"), "--user", "nobody")
    for program in (server, web):
        status = status_of(program)
        assert status["Uid"].split() == [str(NOBODY.pw_uid)] * 4
        assert status["Gid"].split() == [str(NOBODY.pw_gid)] * 4
        assert "0" not in status["Groups"].split()
        assert status["CapPrm"].strip("0") == status["CapEff"].strip("0") == ""
        assert status["NoNewPrivs"] == "1"
        assert "runs as user 'nobody'" in program.stderr
        assert "runs as root" not in program.stderr
    with server.peer("resp") as peer:
        peer.ask(b"SET k v\r\nGET k\r\n", b"+OK\r\n$1\r\nv\r\n")
    assert set_and_get(web) == b"v"


@needs_root
def test_a_unix_socket_is_the_users_and_is_removed_in_the_end(start_server, folder_of_nobody):
    path = folder_of_nobody / "socket"
    server = start_server("--user", "nobody", listen=[f"resp+unix://{path}"])
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert path.stat().st_mode & 0o777 == 0o700
    with server.peer("resp+unix") as peer:
        peer.ask(b"PING\r\n", b"+PONG\r\n")
    server.stop()
    assert not path.exists()


@needs_root
def test_the_file_is_rewritten_if_it_and_its_folder_are_the_users(start, folder_of_nobody):
    config = folder_of_nobody / "larder.toml"
    config.write_text('listen = ["resp://127.0.0.1:0"]\nuser = "nobody"\n', encoding="utf-8")
    config.chmod(0o600)
    server = start("larder-server", "--config", config).wait_until_ready()
    with server.peer("resp") as peer:
        peer.ask(b"CONFIG SET timeout 77\r\n", b"+OK\r\n")
        peer.send(b"CONFIG REWRITE\r\n")
        assert peer.read_line().startswith(b"-ERR Rewriting config file")
        os.chown(config, NOBODY.pw_uid, NOBODY.pw_gid)
        peer.ask(b"CONFIG REWRITE\r\n", b"+OK\r\n")
    assert 'idle-timeout = "77s"' in config.read_text(encoding="utf-8")
    assert config.stat().st_uid == NOBODY.pw_uid


@needs_root
def test_a_file_that_the_user_cannot_reach_is_read_at_the_start_alone(start, tmp_path):
    tmp_path.chmod(0o700)
    config = tmp_path / "larder.toml"
    config.write_text('listen = ["resp://127.0.0.1:0"]\nuser = "nobody"\nidle-timeout = "5m"\n', encoding="utf-8")
    server = start("larder-server", "--config", config).wait_until_ready()
    with server.peer("resp") as peer:
        peer.ask(b"CONFIG SET timeout 77\r\n", b"+OK\r\n")
        peer.send(b"CONFIG REWRITE\r\n")
        assert peer.read_line() == b"-ERR Rewriting config file: Permission denied"
    assert 'idle-timeout = "5m"' in config.read_text(encoding="utf-8")


@needs_root
@pytest.mark.parametrize("program", ["larder-server", "larder-web"])
def test_users_that_cannot_be_are_refused(start, program):
    for name, reason in {
        "no-such-user": "there is no user 'no-such-user' on this machine",
        "root": "'root' is root, whose rights are to be dropped",
    }.items():
        refused = start(program, "--user", name)
        assert refused.wait() == 2
        assert refused.stderr == f"{program}: --user: {reason}\n"


@needs_root
@pytest.mark.parametrize("program", ["larder-server", "larder-web"])
def test_who_is_not_root_becomes_nobody_else(start, program, folder_of_nobody):
    # The test's own folder may be one that nobody else can enter.
    copy = shutil.copy(BIN / program, folder_of_nobody)
    refused = start(copy, "--user", "nobody", before=lambda: os.setuid(NOBODY.pw_uid))
    assert refused.wait() == 2
    assert f"--user: only root can become another user, and this is user {NOBODY.pw_uid}" in refused.stderr


@needs_root
def test_root_is_warned_of(start_server, start_web):
    server = start_server()
    web = start_web(server.address("resp"))
    for program in (server, web):
        assert program.stderr.count("runs as root, which it needs for nothing") == 1


# --sandbox


def test_the_sandbox_is_in_force_by_default(sandboxed_server):
    parts = IN_FORCE.search(sandboxed_server.stderr).group()[len("sandbox: ") : -1]
    status = status_of(sandboxed_server)
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    assert figures(sandboxed_server)["larder_sandbox"] == parts
    with sandboxed_server.peer("http") as peer:
        peer.send(b"GET /v1/stats HTTP/1.0\r\nHost: larder\r\n\r\n")
        assert f'"sandbox":"{parts}"'.encode() in peer.read_all()


def test_every_thread_is_in_it(sandboxed_server):
    tasks = list(pathlib.Path(f"/proc/{sandboxed_server.process.pid}/task").iterdir())
    assert len(tasks) > 1
    for task in tasks:
        assert "\nSeccomp:\t2\n" in (task / "status").read_text(encoding="ascii")


def test_workers_keep_their_names(sandboxed_server):
    tasks = pathlib.Path(f"/proc/{sandboxed_server.process.pid}/task").iterdir()
    assert "worker 0" in [(task / "comm").read_text(encoding="ascii").strip() for task in tasks]


def test_off_is_off(start_server):
    server = start_server("--sandbox", "off")
    status = status_of(server)
    assert status["Seccomp"] == "0"
    assert "sandbox: off\n" in server.stderr
    assert figures(server)["larder_sandbox"] == "off"


def test_on_serves_or_says_why_not(start):
    server = start("larder-server", "--sandbox", "on", *LISTEN)
    try:
        server.wait_until_ready()
    except AssertionError:
        assert server.wait() == 1
        assert "cannot start: --sandbox on: " in server.stderr
    else:
        assert IN_FORCE.search(server.stderr)


def test_figures_of_the_process_are_still_there(sandboxed_server):
    with sandboxed_server.peer("resp") as peer:
        peer.send(b"INFO memory\r\n")
        size = int(peer.read_line()[1:])
        assert int(re.search(rb"used_memory_rss:(\d+)", peer.read(size)).group(1)) > 0


@pytest.mark.parametrize("loop", ["epoll", "io_uring"])
def test_nothing_that_is_served_is_refused(start, tmp_path, loop):
    """Large values, many connections, every protocol, CONFIG REWRITE, a socket's file."""
    if refusal := refusal_of_event_loop(loop):
        pytest.skip(refusal)
    config = tmp_path / "larder.toml"
    path = tmp_path / "socket"
    config.write_text("", encoding="utf-8")
    urls = ["resp://127.0.0.1:0", "http://127.0.0.1:0", "line://127.0.0.1:0", f"resp+unix://{path}"]
    listeners = [word for url in urls for word in ("--listen", url)]
    server = start("larder-server", "--config", config, "--event-loop", loop, *listeners).wait_until_ready()
    value = b"v" * (8 << 20)
    peers = [server.peer(scheme) for scheme in ("resp", "resp+unix") for _ in range(100)]
    for peer in peers:
        peer.ask(b"PING\r\n", b"+PONG\r\n")
    peers[0].ask(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n" % (len(value), value), b"+OK\r\n")
    peers[0].send(b"GET k\r\n")
    peers[0].read_line()
    assert peers[0].read_large(len(value) + 2) == value + b"\r\n"
    peers[0].ask(b"CONFIG SET maxmemory 300mb timeout 77\r\nCONFIG REWRITE\r\n", b"+OK\r\n+OK\r\n")
    assert 'idle-timeout = "77s"' in config.read_text(encoding="utf-8")
    with server.peer("http") as peer:
        peer.ask(b"GET /healthz HTTP/1.1\r\nHost: larder\r\n\r\n", b"HTTP/1.1 200 OK\r\n")
    with server.peer("line") as peer:
        peer.ask(b"set line v\r\n", b"END\r\n")
    for peer in peers:
        peer.close()
    server.stop()
    assert not path.exists()


def set_and_get(web):
    """Stores `k` by larder-web, and what it then reads."""
    url = f"http://{web.addresses[0].host}:{web.addresses[0].port}/api/storage/"
    urllib.request.urlopen(url, data=urllib.parse.urlencode({"k": "v"}).encode(), timeout=30).read()
    return urllib.request.urlopen(url + "?key=k", timeout=30).read().strip()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_web_application_reaches_the_cache_by_address_and_by_name(start_server, start_web, host):
    server = start_server()
    web = start_web(f"resp://{host}:{server.address('resp').port}")
    assert set_and_get(web) == b"v"
    assert "sandbox: " in web.stderr


def test_the_web_application_reaches_a_unix_socket(start_server, start_web, tmp_path):
    server = start_server(listen=[f"resp+unix://{tmp_path}/cache"])
    web = start_web(server.addresses[0], listen=f"http+unix://{tmp_path}/web")
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(30)
        peer.connect(f"{tmp_path}/web")
        peer.sendall(b"GET /api/storage/?key=k HTTP/1.0\r\nHost: web\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 404 ")
    web.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache"]
