"""larder-web and larder-bench in front of a cache that wants a login, a certificate, or both.

Goal: whoever is let in gets everything, whoever is not gets one sentence that says why and holds no password. Method: Debian's
redis-server and larder-server, each with a user, TLS and a private CA, and memcached with TLS; certificates that are wrong in one way
each. A larder-server that does not know the options is skipped.
"""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
import time

import pytest

from certificates import Authority
from programs import BIN, PATIENCE_S, Program
from test_web import get, once, post

SECRET = "a%long:one@"  # no space: an ACL file divides its words by them


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def daemon(command, port):
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        assert process.poll() is None, f"{command[0]} does not listen"
        yield port
    finally:
        process.kill()
        process.wait(PATIENCE_S)


class Trust:
    """Certificates of one CA, and files for the tests."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(folder)
        self.server = self.authority.issue("server", "DNS:localhost,IP:127.0.0.1")
        self.client = self.authority.issue("client")
        self.password_file = folder / "password"
        self.password_file.write_text(f"{SECRET}\nnot this\n", encoding="utf-8")
        self.password_file.chmod(0o600)

    @contextlib.contextmanager
    def redis(self, pair=None, auth_clients="no"):
        """With the user `app`, whose password is SECRET; nobody else gets in. Yields the port."""
        port = free_port()
        pair = pair or self.server
        users = self.folder / "users.acl"
        users.write_text(f"user default off\nuser app on >{SECRET} ~* &* +@all\n", encoding="utf-8")
        listen = ["--port", 0, "--tls-port", port, "--tls-cert-file", pair.certificate, "--tls-key-file", pair.key,
                  "--tls-ca-cert-file", self.authority.ca.certificate, "--tls-auth-clients", auth_clients]
        with daemon(["redis-server", *listen, "--bind", "127.0.0.1", "--save", "", "--dir", self.folder, "--aclfile", users], port):
            yield port


    @contextlib.contextmanager
    def larder(self, pair=None, auth_clients="no"):
        """The same of ours."""
        pair = pair or self.server
        hashed = subprocess.run([BIN / "larder-server", "--hash-password"], input=f"{SECRET}\n", capture_output=True, text=True, check=True)
        users = self.folder / "users.toml"
        users.write_text(f'[user.app]\npassword = "{hashed.stdout.strip()}"\nrights = ["read", "write"]\n', encoding="utf-8")
        users.chmod(0o600)
        options = ["--listen", "resp+tls://127.0.0.1:0", "--tls-cert", pair.certificate, "--tls-key", pair.key, "--users", users]
        if auth_clients == "yes":
            options += ["--tls-client-ca", self.authority.ca.certificate]
        server = Program("larder-server", options).wait_until_ready()
        try:
            yield server.address("resp+tls").port
            server.stop()
        finally:
            server.kill()


@pytest.fixture(scope="module")
def trust(tmp_path_factory):
    return Trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture(params=["redis", "larder"])
def cache(request, trust):
    """Starts such a server: `with cache() as port`."""
    if request.param == "larder":
        told = subprocess.run([BIN / "larder-server", "--help"], capture_output=True, text=True).stdout
        if not {"--tls-cert", "--tls-client-ca", "--users"} <= set(told.replace(",", " ").split()):
            pytest.skip("this larder-server has no TLS, or no users")
    return getattr(trust, request.param)


def bench(url, *options, environment=None):
    """larder-bench to its end: (status, stdout, stderr)."""
    done = subprocess.run(
        [BIN / "larder-bench", url, "--keys", "500", "--connections", "4", "--fill", "--requests", "2000", "--verify", "--json", *map(str, options)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=4 * PATIENCE_S, env={"PATH": "/usr/bin:/bin", **(environment or {})})
    assert SECRET not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def measured(url, *options, environment=None):
    status, out, err = bench(url, *options, environment=environment)
    assert status == 0, err
    figures = json.loads(out)
    assert (figures["hits"], figures["misses"], figures["wrong"], figures["refused"]) == (2000, 0, 0, 0)
    return figures


def refusal(url, *options, environment=None):
    status, out, err = bench(url, *options, environment=environment)
    assert (status, out) == (1, ""), err
    return err


def test_bench_logs_in_through_tls(trust, cache):
    with cache() as port:
        url, ca = f"resp+tls://localhost:{port}", ("--tls-ca", trust.authority.ca.certificate)
        figures = measured(url, *ca, "--user", "app", "--password-file", trust.password_file, "--pipeline", "16", "--threads", "2")
        assert figures["tls"]["version"] == "TLSv1.3" and figures["tls"]["cipher"].startswith("TLS_")
        assert figures["tls"]["handshakes"] == 4 and figures["tls"]["handshakes_per_s"] > 0
        measured(url, *ca, "--user", "app", "--value-size", "100kb", "--duration", "1m", environment={"LARDER_BENCH_PASSWORD": SECRET})
        measured(url, *ca, "--user", "app", "--rate", "20000", environment={"LARDER_BENCH_PASSWORD": SECRET})
        assert "the login was refused: WRONGPASS" in refusal(url, *ca, "--user", "app", environment={"LARDER_BENCH_PASSWORD": "wrong"})
        assert "NOAUTH" in refusal(url, *ca)
        assert "is not signed by a CA of this system's" in refusal(url)
        assert "does not speak TLS" in refusal(f"resp+tls://127.0.0.1:{plain_port()}", *ca)


def plain_port():
    """Of a server that answers with what is not TLS, once."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        with listener, listener.accept()[0] as peer:
            peer.recv(1)
            peer.sendall(b"-ERR Protocol error: too big inline request\r\n")
            while peer.recv(4096):
                pass

    threading.Thread(target=answer, daemon=True).start()
    return listener.getsockname()[1]


def test_bench_says_whose_certificate_it_is(trust, cache):
    with cache(trust.authority.issue("other", "DNS:other.example")) as port:
        assert "is for other.example" in refusal(f"resp+tls://127.0.0.1:{port}", "--tls-ca", trust.authority.ca.certificate)


def test_bench_shows_its_own_certificate(trust, cache):
    with cache(auth_clients="yes") as port:
        options = ["--tls-ca", trust.authority.ca.certificate, "--user", "app", "--password-file", trust.password_file]
        url = f"resp+tls://127.0.0.1:{port}"
        measured(url, *options, "--tls-cert", trust.client.certificate, "--tls-key", trust.client.key)
        assert "the server asks for a client certificate" in refusal(url, *options)


@pytest.mark.parametrize("auth_clients", ["no", "yes"])
def test_a_health_check_needs_neither_login_nor_certificate(cache, auth_clients):
    with cache(auth_clients=auth_clients) as port:
        ask = [BIN / "larder-web", "--healthcheck"]
        done = subprocess.run([*ask, f"resp+tls://127.0.0.1:{port}"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert subprocess.run([*ask, f"resp://127.0.0.1:{port}"], capture_output=True).returncode == 1
    assert subprocess.run([*ask, f"resp+tls://127.0.0.1:{port}"], capture_output=True).returncode == 1
    done = subprocess.run([*ask, f"resp+tls://127.0.0.1:{plain_port()}"], capture_output=True, text=True)
    assert done.returncode == 1 and "no TLS" in done.stderr


def test_bench_speaks_memcached_through_tls(trust):
    if "--enable-ssl" not in subprocess.run(["memcached", "-h"], capture_output=True, text=True).stdout:
        pytest.skip("this memcached has no TLS")
    port = free_port()
    command = ["memcached", "-u", "root", "-l", "127.0.0.1", "-p", port, "-t", "1", "-Z",
               "-o", f"ssl_chain_cert={trust.server.certificate},ssl_key={trust.server.key}"]
    with daemon(command, port):
        figures = measured(f"memcached+tls://127.0.0.1:{port}", "--tls-ca", trust.authority.ca.certificate, "--pipeline", "16")
        assert figures["tls"]["version"].startswith("TLSv1.")


def test_a_password_file_is_for_its_owner_alone(trust):
    open_file = trust.folder / "open"
    open_file.write_text(SECRET, encoding="utf-8")
    open_file.chmod(0o644)
    status, _, err = bench("resp://127.0.0.1:1", "--password-file", open_file)
    assert status == 2 and "--password-file: '" in err and "can be read by others than its owner" in err


def test_web_logs_in_through_tls(trust, cache, start_web):
    with cache(auth_clients="yes") as port:
        options = ["--cache-user", "app", "--cache-tls-ca", trust.authority.ca.certificate,
                   "--cache-tls-cert", trust.client.certificate, "--cache-tls-key", trust.client.key]
        web = start_web(f"resp+tls://localhost:{port}", *options, "--cache-password-file", trust.password_file)
        assert once(web, post(("k", "v"))).status == 200
        assert once(web, get("k")).body == b"v"
        context = ssl.create_default_context(cafile=trust.authority.ca.certificate)
        context.load_cert_chain(trust.client.certificate, trust.client.key)
        with socket.create_connection(("localhost", port)) as plain, context.wrap_socket(plain, server_hostname="localhost") as peer:
            peer.sendall(f"AUTH app {SECRET}\r\nGET k\r\n".encode("ascii"))
            answer = b""
            while not answer.endswith(b"v\r\n"):
                answer += peer.recv(4096)
            assert answer == b"+OK\r\n$1\r\nv\r\n"


def test_web_says_once_why_it_is_not_let_in(trust, cache, start_web):
    with cache() as port:
        options = ["--cache-user", "app", "--cache-tls-ca", trust.authority.ca.certificate]
        web = start_web(f"resp+tls://localhost:{port}", *options, environment={"LARDER_WEB_CACHE_PASSWORD": "wr0ng"})
        for _ in range(3):
            answer = once(web, get("k"))
            assert (answer.status, answer.body) == (503, b"the cache does not let this application in\n")
        line = web.wait_for_line("the cache is away")
        assert "the login was refused: WRONGPASS" in line
        web.stop()
        assert web.stderr.count("the cache is away") == 1 and "wr0ng" not in web.stderr


def test_web_refuses_files_that_cannot_work(trust, start):
    web = start("larder-web", "--cache", "resp+tls://localhost:1", "--cache-tls-ca", trust.folder / "absent")
    assert web.wait() == 2 and "No such file" in web.stderr
    web = start("larder-web", "--cache", "resp://app:secret@localhost:1")
    assert web.wait() == 2 and "secret" not in web.stderr and "a user or a password has no place in it" in web.stderr
