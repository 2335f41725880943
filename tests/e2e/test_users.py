"""Users: a file says who may log in and what each may do; what it takes away ends while the server runs.

Method: a running server with a file of users, and the clients that people use. Passwords are hashed by the server's own
--hash-password; a file that changes is waited for by what its clients see.
"""

import shutil
import subprocess

import pytest

from frames import close_code, frame, open_websocket, read_frame
from programs import BIN

pytestmark = pytest.mark.skipif(shutil.which("redis-cli") is None, reason="needs redis-cli")

DENIED_KEY = "NOPERM this user has no permissions to access one of the keys used as arguments"
WRONG = "WRONGPASS invalid username-password pair or user is disabled."


def hash_of(password):
    """What --hash-password writes."""
    result = subprocess.run([BIN / "larder-server", "--hash-password"], input=password + "\n", capture_output=True, text=True,
                            timeout=60, check=True)
    return result.stdout.strip()


@pytest.fixture(scope="module")
def hashes():
    """A hash of each password: red and blue."""
    return {password: hash_of(password) for password in ("red", "blue")}


def section(name, password, rights, prefixes=None):
    text = f'[user.{name}]\npassword = "{password}"\nrights = {rights}\n'.replace("'", '"')
    return text + (f"prefixes = {prefixes}\n".replace("'", '"') if prefixes else "")


@pytest.fixture
def users(tmp_path, hashes):
    """users(SECTION...): the path of a file that has them, in place of the one before."""
    path = tmp_path / "users.toml"

    def users(*sections):
        new = tmp_path / "new.toml"
        new.write_text("".join(sections), encoding="utf-8")
        new.chmod(0o600)
        new.rename(path)
        return path

    return users


@pytest.fixture
def three(hashes):
    return [section("root", hashes["red"], ["read", "write", "admin"]),
            section("app", hashes["blue"], ["read", "write"], ["app:"]),
            section("reader", hashes["red"], ["read"])]


def cli(server, user, password, *words):
    """What redis-cli prints."""
    login = ["--no-auth-warning", "--user", user, "--pass", password] if user else []
    result = subprocess.run(["redis-cli", "-p", str(server.address("resp").port), *login, *map(str, words)],
                            capture_output=True, text=True, timeout=60, check=False)
    return (result.stdout + result.stderr).rstrip("\n")


def ask(peer, words, reply):
    peer.ask(" ".join(words).encode() + b"\r\n", reply.encode() + b"\r\n")


def test_each_user_may_do_what_the_file_says(start_server, users, three):
    server = start_server("--users", users(*three))
    assert cli(server, None, None, "GET", "k") == "NOAUTH Authentication required."
    assert cli(server, "root", "red", "SET", "k", "v") == "OK"
    assert cli(server, "reader", "red", "GET", "k") == "v"
    assert cli(server, "reader", "red", "SET", "k", "w") == "NOPERM this user has no permissions to run the 'set' command"
    assert cli(server, "app", "blue", "SET", "app:k", "w") == "OK"
    assert cli(server, "app", "blue", "GET", "k") == DENIED_KEY
    assert cli(server, "app", "blue", "KEYS", "*") == "app:k"
    assert cli(server, "app", "blue", "ACL", "WHOAMI") == "app"
    assert cli(server, "root", "red", "ACL", "USERS").split() == ["app", "default", "reader", "root"]
    with server.peer("resp") as peer:
        ask(peer, ["AUTH", "app", "red"], "-" + WRONG)
        ask(peer, ["AUTH", "nobody", "red"], "-" + WRONG)
    for address in server.addresses:
        assert subprocess.run([BIN / "larder-server", "--healthcheck", str(address)], timeout=60, check=False).returncode == 0
    server.stop()
    assert "red" not in server.stderr.replace("shards", "") and "scrypt:" not in server.stderr


def test_what_the_file_takes_away_ends(start_server, users, three, hashes):
    server = start_server("--users", users(*three))
    web = open_websocket(server)
    with server.peer("resp") as stays, server.peer("resp") as goes, server.peer("resp") as changes, server.peer("line") as line:
        ask(stays, ["AUTH", "root", "red"], "+OK")
        ask(goes, ["AUTH", "reader", "red"], "+OK")
        line.ask(b"auth reader red\r\n", b"OK\r\n")
        web.send(frame(1, b'{"id":1,"auth":["reader","red"]}'))
        assert read_frame(web) == (1, b'{"id":1,"ok":true}')
        ask(changes, ["AUTH", "app", "blue"], "+OK")
        users(three[0], section("app", hashes["blue"], ["read"]))
        server.wait_for_line("users: read")
        for silent in (goes, line):
            assert silent.socket.recv(1) == b""
        assert close_code(web) == 1008
        web.close()
        ask(changes, ["SET", "app:k", "v"], "-NOPERM this user has no permissions to run the 'set' command")
        ask(changes, ["GET", "k"], "$-1")
        ask(stays, ["PING"], "+PONG")
    assert WRONG in cli(server, "reader", "red", "PING")


def test_a_file_with_a_mistake_changes_nothing(start_server, users, three):
    path = users(*three)
    server = start_server("--users", path)
    users(*three, "[user.x]\nright = 1\n")
    assert "user.x.right is not known" in server.wait_for_line("the users stay as they were")
    assert cli(server, "reader", "red", "PING") == "PONG"
    users(*three).chmod(0o644)
    assert "chmod 600" in server.wait_for_line("the users stay as they were")
    path.unlink()
    assert "No such file" in server.wait_for_line("the users stay as they were")
    users(three[0])
    server.wait_for_line("users: read")
    assert WRONG in cli(server, "reader", "red", "PING")
    assert cli(server, "root", "red", "PING") == "PONG"


def test_a_server_does_not_start_with_a_mistake(start, users, three, hashes, tmp_path):
    def complaint(*options):
        server = start("larder-server", "--listen", "resp://127.0.0.1:0", *options)
        assert server.wait() != 0
        return server.stderr

    path = users(*three)
    path.chmod(0o640)
    assert "users.toml: its mode is 0640, so that others than its owner may read or change it" in complaint("--users", path)
    assert "users.toml:1: user.a has no rights" in complaint("--users", users(f'[user.a]\npassword = "{hashes["red"]}"\n'))
    secret = tmp_path / "secret"
    secret.write_text("my secret\n", encoding="utf-8")
    secret.chmod(0o644)
    said = complaint("--password-file", secret)
    assert "chmod 600" in said and "my secret" not in said
    secret.chmod(0o600)
    path = users(*three, section("default", hashes["red"], ["read"]))
    assert "has the user default, whose password is set already" in complaint("--users", path, "--password-file", secret)


def test_a_password_from_a_file_is_the_default_users(start_server, users, three, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("my secret\nand a remark\n", encoding="utf-8")
    secret.chmod(0o600)
    server = start_server("--users", users(*three), "--password-file", secret)
    with server.peer("resp") as peer:
        ask(peer, ["AUTH", '"my secret"'], "+OK")
        ask(peer, ["ACL", "WHOAMI"], "$7\r\ndefault")
        ask(peer, ["AUTH", "reader", "red"], "+OK")
        ask(peer, ["ACL", "WHOAMI"], "$6\r\nreader")


def test_a_server_with_users_may_be_reached(start, users, three):
    server = start("larder-server", "--listen", "resp://0.0.0.0:0", "--users", users(*three)).wait_until_ready()
    assert cli(server, "reader", "red", "PING") == "PONG"


def test_guessing_is_held_back_and_nobody_else_is(start_server, users, three):
    """Each wrong password is answered later than the one before; commands of others are answered meanwhile."""
    server = start_server("--users", users(*three), "--workers", "1")
    with server.peer("resp") as other, server.peer("resp") as guesser:
        ask(other, ["AUTH", "root", "red"], "+OK")
        for _ in range(3):
            ask(guesser, ["AUTH", "root", "wrong"], "-" + WRONG)
        guesser.send(b"AUTH root wrong\r\n" * 2)
        for _ in range(100):
            ask(other, ["PING"], "+PONG")
        assert not guesser._unread
        for _ in range(2):
            guesser.read_until(WRONG.encode() + b"\r\n")
    assert cli(server, "root", "red", "INFO", "stats").count("larder_logins_refused:5") == 1


def test_many_connections_of_one_pool_log_in(start_server, users, three):
    server = start_server("--users", users(*three))
    peers = [server.peer("resp") for _ in range(200)]
    for peer in peers:
        peer.send(b"AUTH app blue\r\nPING\r\n")
    for peer in peers:
        peer.read_until(b"+OK\r\n+PONG\r\n")
        peer.close()


def http(server, path, *options):
    """The status of a request with curl."""
    result = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *options,
                             f"{server.address('http')}{path}"], capture_output=True, text=True, timeout=60, check=True)
    return int(result.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_logs_in(start_server, users, three):
    server = start_server("--users", users(*three))
    assert http(server, "/v1/keys/k") == 401
    assert http(server, "/healthz") == 200
    assert http(server, "/v1/keys/k", "-u", "root:red", "-X", "PUT", "-d", "v") == 204
    assert http(server, "/v1/keys/k", "-u", "reader:red") == 200
    assert http(server, "/v1/keys/k", "-H", "Authorization: Bearer reader:red") == 200
    assert http(server, "/v1/keys/k", "-u", "reader:blue") == 401
    assert http(server, "/v1/keys/k", "-u", "reader:red", "-X", "DELETE") == 403
    assert http(server, "/v1/keys/k", "-u", "app:blue") == 403
    assert http(server, "/v1/keys/app:k", "-u", "app:blue", "-X", "PUT", "-d", "x" * 100_000) == 204
    assert http(server, "/v1/keys/app:k", "-X", "PUT", "-d", "x" * 100_000) == 401


def test_a_line_logs_in(start_server, users, three):
    server = start_server("--users", users(*three))
    with server.peer("line") as peer:
        peer.ask(b"get k\r\n", b"ERROR log in first: auth USER PASSWORD\r\n")
        peer.ask(b"auth app red\r\n", b"ERROR wrong user or password\r\n")
        peer.ask(b"auth app blue\r\nset app:k v\r\nget app:k\r\nget k\r\n",
                 b"OK\r\nEND\r\nv\r\nEND\r\nERROR this user may not reach this key\r\n")
