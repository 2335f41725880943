"""What the programs give up once they are ready: root's rights (--user).

Method: the kernel's word for it in /proc/PID/status, what the programs say of themselves, and that all that may still be needed
afterwards works: requests, CONFIG REWRITE, the files of Unix sockets at the end.
"""

import os
import pathlib
import pwd
import shutil
import tempfile
import urllib.parse
import urllib.request

import pytest

from programs import BIN

NOBODY = pwd.getpwnam("nobody")

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


def set_and_get(web):
    """Stores `k` by larder-web, and what it then reads."""
    url = f"http://{web.addresses[0].host}:{web.addresses[0].port}/api/storage/"
    urllib.request.urlopen(url, data=urllib.parse.urlencode({"k": "v"}).encode(), timeout=30).read()
    return urllib.request.urlopen(url + "?key=k", timeout=30).read().strip()
