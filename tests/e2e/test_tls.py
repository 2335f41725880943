"""TLS: every protocol behind it, who is let in, and certificates that change.

Goal: what is served plainly is served the same behind TLS; who speaks none, an old one or with the wrong certificate gets nothing
and is in nobody's way; another certificate takes effect without a connection ending, and a bad one none at all.
Method: certificates of script/dev-certs, Python's ssl, redis-cli and curl, over both event loops.
"""

import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess

import pytest

from programs import PATIENCE_S, Peer

ROOT = pathlib.Path(__file__).resolve().parents[2]
LARGE = b"0123456789abcdef" * 400_000


def make_certificates(folder, days=30):
    subprocess.run([ROOT / "script/dev-certs", "--days", str(days), folder], check=True, stderr=subprocess.DEVNULL,
                   timeout=PATIENCE_S)
    return folder


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("issued"))


@pytest.fixture
def certificates(issued, tmp_path):
    """A folder of certificates that the test may change."""
    return pathlib.Path(shutil.copytree(issued, tmp_path / "certificates"))


@pytest.fixture
def expired(issued, tmp_path):
    """Certificates of the same CA whose time was over when they were made."""
    return make_certificates(pathlib.Path(shutil.copytree(issued, tmp_path / "expired")), days=0)


def options(folder, *more):
    return ["--tls-cert", folder / "server.pem", "--tls-key", folder / "server.key", *more]


TLS = ["resp+tls://127.0.0.1:0", "line+tls://127.0.0.1:0", "http+tls://127.0.0.1:0", "resp://127.0.0.1:0"]


class TlsPeer(Peer):
    """A Peer behind TLS that looks at the certificate."""

    def __init__(self, address, folder, own=None, context=None):
        super().__init__(address)
        context = context or ssl.create_default_context(cafile=folder / "ca.pem")
        if own:
            context.load_cert_chain(folder / f"{own}.pem", folder / f"{own}.key")
        self.socket = context.wrap_socket(self.socket, server_hostname=address.host)

    @property
    def serial(self):
        return self.socket.getpeercert()["serialNumber"]


def info(server, name):
    with server.peer("resp") as peer:
        peer.send(b"INFO\r\n")
        size = int(peer.read_line()[1:])
        return int(peer.read(size).split(name.encode() + b":")[1].split(b"\r\n")[0])


def test_every_protocol_is_served_the_same(start_server, certificates, event_loop):
    server = start_server("--event-loop", event_loop, "--workers", 2, *options(certificates), listen=TLS)
    with TlsPeer(server.address("line+tls"), certificates) as line, TlsPeer(server.address("resp+tls"), certificates) as resp:
        assert resp.socket.version() == "TLSv1.3"
        line.ask(b"set k one\r\n", b"END\r\n")
        resp.ask(b"GET k\r\n", b"$3\r\none\r\n")
        resp.send(b"*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$%d\r\n%b\r\nGET large\r\n" % (len(LARGE), LARGE))
        assert resp.read_line() == b"+OK"
        assert resp.read_line() == b"$%d" % len(LARGE)
        assert resp.read_large(len(LARGE)) == LARGE
        resp.read(2)
        resp.send(b"PING\r\n" * 10_000)
        assert resp.read_large(7 * 10_000) == b"+PONG\r\n" * 10_000
    host, port = server.address("http+tls")
    answer = subprocess.run(["curl", "-sSv", "--cacert", certificates / "ca.pem", f"https://{host}:{port}/healthz"],
                            capture_output=True, check=True, timeout=PATIENCE_S)
    assert b"ALPN: server accepted http/1.1" in answer.stderr or b"server accepted to use http/1.1" in answer.stderr
    port = server.address("resp+tls").port
    cli = ["redis-cli", "--tls", "--cacert", certificates / "ca.pem", "-p", str(port), "get", "k"]
    assert subprocess.run(cli, capture_output=True, check=True, timeout=PATIENCE_S).stdout == b"one\n"
    assert info(server, "larder_tls_handshakes") == 4


def test_a_session_is_resumed(start_server, certificates):
    server = start_server("--workers", 2, *options(certificates), listen=TLS)
    context = ssl.create_default_context(cafile=certificates / "ca.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session = None
    for _ in range(4):
        with socket.create_connection(tuple(server.address("resp+tls"))) as plain:
            with context.wrap_socket(plain, server_hostname="localhost", session=session) as peer:
                peer.sendall(b"PING\r\n")
                assert peer.recv(100) == b"+PONG\r\n"
                assert peer.session_reused == (session is not None)
                session = peer.session
    assert info(server, "larder_tls_resumed") == 3


def test_a_changed_certificate_takes_effect_and_nobody_is_closed(start_server, certificates):
    server = start_server(*options(certificates), listen=TLS)
    address = server.address("resp+tls")
    with TlsPeer(address, certificates) as old:
        first = old.serial
        make_certificates(certificates)
        server.wait_for_line("new connections get the certificate as it is now")
        with TlsPeer(address, certificates) as new:
            second = new.serial
            new.ask(b"PING\r\n", b"+PONG\r\n")
        assert second != first
        make_certificates(certificates)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_line("new connections get the certificate as it is now")
        with TlsPeer(address, certificates) as third:
            assert third.serial not in {first, second}
        old.ask(b"PING\r\n", b"+PONG\r\n")


def test_a_bad_pair_is_refused_with_a_sentence_and_the_old_one_stays(start_server, certificates, expired, tmp_path):
    server = start_server(*options(certificates), listen=TLS)
    address = server.address("resp+tls")
    with TlsPeer(address, certificates) as peer:
        before = peer.serial
    others = make_certificates(tmp_path / "others")
    for name, said in [(others / "server.key", "is not that of the certificate"), (None, "No such file or directory"),
                       (pathlib.Path(__file__), "cannot be used")]:
        (certificates / "server.key").unlink(missing_ok=True)
        if name:
            shutil.copy(name, certificates / "server.key")
        server.process.send_signal(signal.SIGHUP)
        line = server.wait_for_line("new connections get what was there before")
        assert said in line and "server.key'" in line
        with TlsPeer(address, certificates) as peer:
            assert peer.serial == before
    for name in ["server.key", "server.pem"]:
        shutil.copy(expired / name, certificates / name)
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_line("server.pem' has expired: it was valid until 20")
    with TlsPeer(address, certificates) as peer:
        assert peer.serial == before


@pytest.mark.parametrize("program", [["larder-server"], ["larder-web", "--cache", "resp://127.0.0.1:1"]],
                         ids=lambda words: words[0])
def test_a_program_does_not_start_without_a_good_pair(start, certificates, expired, tmp_path, program):
    others = make_certificates(tmp_path / "others")
    for files, said in [
        (["--tls-cert", certificates / "none.pem", "--tls-key", certificates / "server.key"],
         "none.pem' cannot be read: No such file or directory"),
        (["--tls-cert", certificates / "server.pem", "--tls-key", certificates / "none.key"],
         "none.key' cannot be read: No such file or directory"),
        (["--tls-cert", certificates / "server.pem", "--tls-key", others / "server.key"], "is not that of the certificate"),
        (options(expired), "server.pem' has expired: it was valid until 20"),
    ]:
        tried = start(*program, "--listen", "http+tls://127.0.0.1:0", *files)
        assert tried.wait() == 1
        assert said in tried.stderr


def test_options_that_do_not_fit_are_refused(start, certificates):
    for words, said in [(["--listen", TLS[0]], "needs a certificate: give --tls-cert and --tls-key"),
                        (["--listen", "resp://127.0.0.1:0", *options(certificates)], "no address to listen on has +tls"),
                        (["--listen", f"resp+tls+unix://{certificates}/s", *options(certificates)], "a Unix socket goes without TLS")]:
        server = start("larder-server", *words)
        assert server.wait() == 2
        assert said in server.stderr


def test_clients_without_a_good_certificate_are_refused(start_server, certificates, expired, tmp_path, event_loop):
    server = start_server("--event-loop", event_loop, *options(certificates, "--tls-client-ca", certificates / "ca.pem"),
                          listen=TLS)
    address = server.address("resp+tls")
    with TlsPeer(address, certificates, own="client") as peer:
        peer.ask(b"PING\r\n", b"+PONG\r\n")
    others = make_certificates(tmp_path / "others")
    for folder in [None, others, expired]:
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        if folder:
            context.load_cert_chain(folder / "client.pem", folder / "client.key")
        with pytest.raises((ssl.SSLError, ConnectionResetError, AssertionError)):
            with TlsPeer(address, certificates, context=context) as peer:
                peer.ask(b"PING\r\n", b"+PONG\r\n")
    assert info(server, "larder_tls_handshakes") == 1


def test_the_web_application_speaks_it_too(start, start_server, certificates):
    server = start_server(listen=["resp://127.0.0.1:0"])
    web = start("larder-web", "--listen", "http+tls://127.0.0.1:0", "--cache", server.address("resp"), *options(certificates))
    host, port = web.wait_until_ready().address("http+tls")
    curl = ["curl", "-sS", "--cacert", certificates / "ca.pem"]
    subprocess.run([*curl, "-d", "k=v", f"https://{host}:{port}/api/storage/"], check=True, capture_output=True)
    got = subprocess.run([*curl, f"https://{host}:{port}/api/storage/?key=k"], check=True, capture_output=True).stdout
    assert got == b"v"
    with TlsPeer(web.address("http+tls"), certificates) as old:
        serials = {old.serial}
        for is_told in [False, True]:
            make_certificates(certificates)
            if is_told:
                web.process.send_signal(signal.SIGHUP)
            web.wait_for_line("new connections get the certificate as it is now")
            with TlsPeer(web.address("http+tls"), certificates) as new:
                assert new.serial not in serials
                serials.add(new.serial)
        old.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200 OK\r\n")


# Troublemakers.


def client_hello(folder):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    half = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_nobody_notices_who_breaks_a_handshake(start_server, certificates, event_loop):
    server = start_server("--event-loop", event_loop, "--workers", 1, *options(certificates), listen=TLS)
    address = server.address("resp+tls")
    hello = client_hello(certificates)
    with TlsPeer(address, certificates) as neighbour, server.peer("resp") as plain:
        stopped = []
        for size in [0, 1, 5, 6, len(hello) - 1, len(hello)] * 20:
            stopped.append(socket.create_connection(tuple(address)))
            stopped[-1].sendall(hello[:size])
            neighbour.ask(b"PING\r\n", b"+PONG\r\n")
        for noise in [b"GET / HTTP/1.1\r\n\r\n", b"*1\r\n$4\r\nPING\r\n" * 100, b"\x16\x03\x01\x40\x00" + b"\x80" * 20_000,
                      b"\x80\x2e\x01\x00\x02" + b"\x00" * 41, b"\x17\x03\x03\x00\x05hello", b"\xff" * 100_000]:
            with Peer(address) as peer:
                peer.socket.sendall(noise)
                peer.socket.shutdown(socket.SHUT_WR)
                left = b""
                try:
                    while more := peer.socket.recv(1 << 16):
                        left += more
                except ConnectionResetError:
                    pass
                assert b"PONG" not in left and len(left) < 100
            neighbour.ask(b"PING\r\n", b"+PONG\r\n")
        for number, connection in enumerate(stopped):
            if number % 2:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        for version in [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            with pytest.raises((ssl.SSLError, ConnectionResetError)):
                TlsPeer(address, certificates, context=context)
        plain.ask(b"PING\r\n", b"+PONG\r\n")
        neighbour.ask(b"PING\r\n", b"+PONG\r\n")
    assert info(server, "larder_tls_failures") >= 7
    assert "TLS with 127.0.0.1:" in server.stderr


def test_a_careful_client_does_not_talk_to_a_stranger(start_server, certificates, tmp_path):
    server = start_server(*options(certificates), listen=TLS)
    others = make_certificates(tmp_path / "others")
    with pytest.raises(ssl.SSLCertVerificationError):
        TlsPeer(server.address("resp+tls"), others)


def test_sigterm_loses_no_reply(start_server, certificates, event_loop):
    server = start_server("--event-loop", event_loop, *options(certificates), listen=TLS)
    with TlsPeer(server.address("resp+tls"), certificates) as peer:
        peer.send(b"*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$%d\r\n%b\r\n" % (len(LARGE), LARGE))
        assert peer.read_line() == b"+OK"
        peer.send(b"GET large\r\n")
        assert peer.read_line() == b"$%d" % len(LARGE)
        server.process.send_signal(signal.SIGTERM)
        assert peer.read_large(len(LARGE)) == LARGE
        assert peer.read(2) == b"\r\n"
        assert peer.socket.recv(1) == b"", "a plain end, with close_notify before it"
    assert server.wait() == 0
