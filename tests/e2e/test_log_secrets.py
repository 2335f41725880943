"""The log holds no key, no value and no password, whatever goes wrong and however much it is asked to tell.

Method: both programs at the level debug, asked over every protocol for what they serve and for what they refuse, with words of
which each is a key, a value or a password; none of these is in what they have written when they have ended.
"""

import base64
import signal

import pytest

from accounts import scrypt_hash, write_users
from frames import frame, open_websocket, read_frame
from hostile import command, send_and_end

KEY, VALUE, PASSWORD, WRONG = "key-of-somebody", "value-of-somebody", "password-of-root", "password-nobody-has"
SECRETS = (KEY, VALUE, PASSWORD, WRONG)
LARGE = VALUE * 1000  # beyond --value-size-max


def over_resp(server, password):
    for words in (["HELLO", "3", "AUTH", "root", password], ["SET", KEY, VALUE], ["GET", KEY], ["SET", KEY, LARGE],
                  ["SET", KEY, VALUE, "EX", VALUE], [VALUE, KEY], ["INCR", KEY], ["MGET", KEY, KEY], ["OBJECT", VALUE, KEY], ["CONFIG", "SET", "requirepass", password],
                  ["CONFIG", "SET", KEY, VALUE], ["CONFIG", "SET", "requirepass", ""], ["CLIENT", "SETNAME", KEY],
                  ["CLIENT", "KILL", "ADDR", VALUE], ["ACL", "GETUSER", KEY], ["DEBUG", KEY, VALUE], ["SLOWLOG", "GET"], ["CLIENT", "LIST"],
                  ["MONITOR"]):
        with server.peer("resp") as peer:
            # The last words break the protocol.
            send_and_end(peer, command("AUTH", "root", password) + command(*words) + command("SET", KEY, VALUE)
                         + f"*1\r\n{VALUE}\r\n".encode())
            assert peer.read_all()


def over_line(server, password):
    for lines in (f"auth root {password}\nset {KEY} {VALUE}\nget {KEY}\n{VALUE} {KEY}\n",
                  f"set {KEY} {VALUE}\nauth root {password} {VALUE}\n",
                  f"auth root {password}\nset {KEY} {LARGE}\n", f"POST /{KEY} HTTP/1.1\r\nHost: {VALUE}\r\n\r\n"):
        with server.peer("line") as peer:
            send_and_end(peer, lines.encode())
            peer.read_all()


def over_http(program, requests, password):
    login = base64.b64encode(f"root:{password}".encode()).decode()
    for line, body in requests:
        with program.peer("http") as peer:
            peer.send(f"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {login}\r\nConnection: close\r\n"
                      f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            peer.read_all()


def over_websocket(server, password):
    peer = open_websocket(server)
    for text in (f'{{"id":1,"auth":["root","{password}"]}}', f'{{"id":2,"set":"{KEY}","value":"{VALUE}"}}', f'{{"id":3,"get":"{KEY}"}}',
                 f'{{"id":4,"{KEY}":"{VALUE}"}}', f'{{"{VALUE}'):
        peer.send(frame(1, text.encode()))
        read_frame(peer)
    peer.send(frame(2, VALUE.encode(), masked=False))
    peer.read_to_end()
    peer.close()


@pytest.fixture
def programs(start_server, start_web, tmp_path):
    users = write_users(tmp_path / "users.toml", {"root": scrypt_hash(PASSWORD, 256)})
    server = start_server("--users", users, "--log-level", "debug", "--value-size-max", "4kb", "--slowlog-log-slower-than", 0,
                          "--login-delay-max", "0", "--requests-per-address", 1_000_000, "--login-timeout", "10s",
                          listen=[f"{scheme}://127.0.0.1:0" for scheme in ("resp", "line", "http")])
    web = start_web(server.address("resp"), "--cache-user", "root", "--log-level", "debug",
                    environment={"LARDER_WEB_CACHE_PASSWORD": PASSWORD})
    return server, web


def test_nothing_that_is_anybodys_is_in_the_log(programs):
    server, web = programs
    for password in (PASSWORD, WRONG):
        over_resp(server, password)
        over_line(server, password)
        over_http(server, [(f"PUT /v1/keys/{KEY}", VALUE), (f"GET /v1/keys/{KEY}", ""), (f"PUT /v1/keys/{KEY}", LARGE),
                           (f"{VALUE} /v1/keys/{KEY}", ""), (f"GET /{KEY}?{VALUE}", ""),
                           (f"PUT /v1/keys/{KEY}?ttl={VALUE}", VALUE)], password)
        over_websocket(server, password)
        over_http(web, [("POST /api/storage/", f"{KEY}={VALUE}"), (f"GET /api/storage/?key={KEY}", ""),
                        ("POST /api/storage/", f"{KEY}={LARGE}"), (f"GET /{KEY}?{VALUE}", ""), (f"{VALUE} /{KEY}", "")], password)
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_line("users: read")
    for program in (web, server):
        program.stop()
        assert len(program.stderr.splitlines()) >= 3
        assert not [secret for secret in SECRETS if secret in program.stderr], program.stderr
