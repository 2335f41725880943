"""Whatever a peer puts into a name, a value or an address, no reply, list, log or file becomes two of it.

Method: texts that would forge a line wherever they are repeated as they came, put into every place that a peer fills; what
comes back is read by readers that forgive nothing (hostile.py), and a marker behind each request shows that one reply was one.
"""

import json
import re
import tomllib
import urllib.parse

import pytest

from frames import frame, open_websocket, read_frame
from hostile import LOG_LINE, TEXTS, HttpResponse, call, command, is_printable, is_well, read_reply, send_and_end

# They end the connection, send no reply or many, or make it wait, as they should.
NOT_ASKED = {"quit", "shutdown", "monitor", "client|reply", "client|pause", "debug|sleep"}
MANY_REPLIES = {"unsubscribe", "punsubscribe", "sunsubscribe"}


def command_names(peer):
    """Of every command and subcommand, as words."""
    names = []

    def add(entries):
        for _, entry in entries:
            names.append(entry[0][1].decode())
            add(entry[9][1])

    add(call(peer, "COMMAND"))
    return [name.split("|") for name in names if name not in NOT_ASKED | MANY_REPLIES]


def requests_with(name, text):
    """The command with the text where its arguments stand, alone, among others, and where subcommands stand."""
    yield [*name, text]
    yield [*name, text, text]
    yield [*name, "key", text]
    yield [*name, "key", "value", text]
    yield [*name, "key", "1", text, "2"]
    yield [name[0], text, *name[1:]]


@pytest.mark.parametrize("version", ["2", "3"])
def test_every_command_answers_hostile_words_with_one_reply(server, version):
    marker = ("$", b"it was one")
    with server.peer("resp") as peer:
        names = command_names(peer)
        assert len(names) > 150
        call(peer, "HELLO", version)
        for name in names:
            requests = [request for text in TEXTS.values() for request in requests_with(name, text)]
            # What a command leaves behind, a transaction or another version, ends before the next one.
            after = [["DISCARD"], ["CLIENT", "NO-TOUCH", "OFF"], ["HELLO", version]]
            for request in requests:
                peer.send(b"".join(command(*words) for words in (request, *after, ["ECHO", marker[1]])))
                for _ in range(1 + len(after)):
                    read_reply(peer)
                got = read_reply(peer)
                assert got == marker, (request, got)
    assert is_well(server)


def test_a_name_that_no_command_has_is_shown_without_what_could_forge(server):
    with server.peer("resp") as peer:
        for text in TEXTS.values():
            for words in ([text], [text, text], [b"no-such", text], [text, *[text] * 20]):
                peer.send(command(*words) + command("ECHO", "next"))
                kind, error = read_reply(peer)
                assert kind == "-" and len(error) < 512, error
                assert read_reply(peer) == ("$", b"next")


def client_lines(peer):
    text = call(peer, "CLIENT", "LIST")
    assert text.endswith(b"\n") and is_printable(text.replace(b"\n", b"")), text
    return text.decode().splitlines()


def test_nobody_forges_a_line_or_a_field_of_client_list(server):
    setters = [
        lambda text: ["CLIENT", "SETNAME", text],
        lambda text: ["HELLO", "3", "SETNAME", text],
        lambda text: ["CLIENT", "SETINFO", "LIB-NAME", text],
        lambda text: ["CLIENT", "SETINFO", "LIB-VER", text],
        lambda text: ["CLIENT", "SETINFO", text, text],
        lambda text: [text, "key"],  # what `cmd=` shows
        lambda text: ["CLIENT", text],
    ]
    with server.peer("resp") as watcher, server.peer("resp") as peer:
        call(peer, "PING")
        fields = [field.split("=")[0] for field in client_lines(watcher)[0].split(" ")]
        for text in TEXTS.values():
            for setter in setters:
                call(peer, *setter(text))
                lines = client_lines(watcher)
                assert len(lines) == 2, lines
                for line in lines:
                    assert [field.split("=")[0] for field in line.split(" ")] == fields, line


def test_monitor_shows_a_command_on_one_line(server):
    with server.peer("resp") as watcher, server.peer("resp") as peer:
        watcher.ask(command("MONITOR"), b"+OK\r\n")
        for text in TEXTS.values():
            call(peer, "SET", text, text)
            kind, line = read_reply(watcher)
            assert kind == "+" and re.fullmatch(rb'\d+\.\d{6} \[0 [0-9.:]+\] "SET" ".*" ".*"', line), line[:300]


def test_slowlog_holds_the_words_as_they_were_and_no_more(start_server):
    server = start_server("--slowlog-log-slower-than", "0")
    with server.peer("resp") as peer:
        for text in TEXTS.values():
            call(peer, "MSET", text, text, "a", text)
        for _, entry in call(peer, "SLOWLOG", "GET", "-1"):
            assert len(entry) == 6
            assert [kind for kind, _ in entry] == [":", ":", ":", "*", "$", "$"]
        assert is_well(server)


def test_info_has_a_field_a_line_whatever_was_asked(server):
    with server.peer("resp") as peer:
        for text in TEXTS.values():
            for words in ([text], ["INFO", text], ["SET", "k", text, text], ["CONFIG", "SET", text, text], ["AUTH", text, text]):
                call(peer, *words)
        info = call(peer, "INFO", "everything")
        for line in info.decode("ascii").split("\r\n"):
            assert re.fullmatch(r"|# [A-Za-z]+|[a-zA-Z0-9_|-]+:[ -~]*", line), line
        assert b"forged" not in info


def test_the_log_has_a_line_for_each_thing_and_none_of_a_peer(start_server, start_web):
    server = start_server("--log-level", "debug")
    web = start_web(server.address("resp"), "--log-level", "debug")
    with server.peer("resp") as peer:
        for text in TEXTS.values():
            for words in ([text], ["DEBUG", "LOG", text], ["CONFIG", "SET", "requirepass", text, "maxclients", text]):
                call(peer, *words)
            for scheme in ("line", "http", "resp"):
                with server.peer(scheme) as stranger:
                    send_and_end(stranger, text + b"\r\n\r\nPOST / HTTP/1.1\r\n\r\n")
                    stranger.read_all()
            with web.peer("http") as stranger:
                send_and_end(stranger, text + b"\r\n\r\n")
                stranger.read_all()
    for program in (web, server):
        program.stop()
        for line in program.stderr.split("\n")[:-1]:
            assert LOG_LINE.fullmatch(line), line[:300]


def test_config_rewrite_writes_a_password_that_adds_no_line(start_server, tmp_path):
    path = tmp_path / "larder.toml"
    for name, text in TEXTS.items():
        path.write_text('memory = "64mb"\n')
        server = start_server("--config", path)
        password = text[:1000] + b'"\nmemory = "1gb"\n[forged]\n"""\'\'\'\\'
        with server.peer("resp") as peer:
            if call(peer, "CONFIG", "SET", "requirepass", password) != b"OK":
                continue
            peer.send(command("CONFIG", "REWRITE"))
            kind, _ = read_reply(peer)
        written = tomllib.loads(path.read_text())
        assert written.pop("memory") == "64mb"
        assert written == ({"password": password.decode()} if kind == "+" else {}), name


HTTP_REQUESTS = {
    "path": lambda text: b"GET /" + text + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "escaped path": lambda text: b"GET /" + escaped(text) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "escaped key": lambda text: b"GET /v1/keys/" + escaped(text) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "escaped ttl": lambda text: b"PUT /v1/keys/k?ttl=" + escaped(text) + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    "parameter": lambda text: b"PUT /v1/keys/k?" + escaped(text) + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    "web key": lambda text: b"GET /api/storage/?key=" + escaped(text) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "method": lambda text: text + b" /v1/keys/k HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "version": lambda text: b"GET / " + text + b"\r\nHost: localhost\r\n\r\n",
    "host": lambda text: b"GET /v1/keys/k HTTP/1.1\r\nHost: " + text + b"\r\n\r\n",
    "origin": lambda text: b"GET /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nOrigin: " + text + b"\r\n\r\n",
    "preflight": lambda text: b"OPTIONS /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example\r\n"
    b"Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: " + text + b"\r\n\r\n",
    "expect": lambda text: b"PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nExpect: " + text + b"\r\nContent-Length: 0\r\n\r\n",
    "encoding": lambda text: b"PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: " + text + b"\r\n\r\n",
    "header name": lambda text: b"GET /v1/keys/k HTTP/1.1\r\nHost: localhost\r\n" + text + b": x\r\n\r\n",
    "websocket key": lambda text: b"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: " + text + b"\r\nSec-WebSocket-Key: " + text + b"\r\n\r\n",
}


def escaped(text):
    return urllib.parse.quote_from_bytes(text[:4000], safe="").encode()


@pytest.mark.parametrize("place", HTTP_REQUESTS)
@pytest.mark.parametrize("program", ["larder-server", "larder-web"])
def test_no_http_answer_repeats_what_a_peer_wrote(start_server, start_web, program, place):
    server = start_server("--allow-origin", "https://app.example")
    answering = server if program == "larder-server" else start_web(server.address("resp"))
    for text in TEXTS.values():
        with answering.peer("http") as peer:
            send_and_end(peer, HTTP_REQUESTS[place](text))
            response = HttpResponse(peer)
            assert b"forged" not in response.head + response.body, response.head
            assert is_printable(response.body.replace(b"\n", b"")), response.body
            # What comes behind it is further whole answers: to a text that ends the first request there is one to what follows.
            rest = peer.read_all()
            assert b"forged" not in rest and b"script" not in rest
    assert is_well(answering)


def test_every_hostile_line_gets_one_line_of_ours(server):
    with server.peer("line") as peer:
        for text in TEXTS.values():
            line = text.replace(b"\n", b"")[:4000]
            for request in (line, b"get " + line, b"set " + line, b"delete " + line, b"get k " + line, b"set k " + line):
                peer.send(request + b"\nget nothing-is-here\n")
                answer = peer.read_until(b"\r\n")
                assert answer == b"END\r\n" or answer.startswith(b"ERROR "), answer
                assert is_printable(answer[:-2]) and b"forged" not in answer
                assert peer.read_until(b"\r\n") == b"END\r\n"


def test_a_value_of_several_lines_is_no_answer_of_the_line_protocol(server):
    with server.peer("line") as peer, server.peer("resp") as resp:
        for text in (TEXTS["crlf"], TEXTS["lf"], TEXTS["cr"], b"END\r\nEND", b"END", b"ERROR x"):
            call(resp, "SET", "k", text)
            peer.send(b"get k\nget nothing-is-here\n")
            answer = peer.read_until(b"END\r\n")
            if b"\n" in text or b"\r" in text:
                assert answer.startswith(b"ERROR ") and b"forged" not in answer, answer


def test_a_websocket_says_each_thing_in_one_message_of_json(server):
    peer = open_websocket(server)
    for text in TEXTS.values():
        word = text[:2000].decode("latin-1")
        for message in (
            {"id": word, "get": "nothing"},
            {"id": word, word: "k"},
            {"id": word, "get": word, word: word},
            {"id": 1, "set": word + "k", "value": word},
            {"id": word, "set": "k", "value": "v", "ttl": word},
            {"id": {word: word}, "get": "k"},
        ):
            peer.send(frame(1, json.dumps(message).encode()) + frame(1, b'{"id":"next","get":"nothing"}'))
            opcode, payload = read_frame(peer)
            answer = json.loads(payload)
            assert opcode == 1 and answer["id"] in (message["id"], None), answer
            assert b"forged" not in str(answer.get("error", "")).encode()
            assert json.loads(read_frame(peer)[1])["id"] == "next"
    peer.close()


def test_a_key_of_the_web_application_is_no_command_of_the_cache(server, web):
    with web.peer("http") as peer, server.peer("resp") as resp:
        call(resp, "SET", "stays", "here")
        for key in ("k\r\n*1\r\n$8\r\nFLUSHALL\r\n", "\r\nFLUSHALL\r\n", "k\0\r\n\r\nDEL stays\r\n"):
            form = urllib.parse.urlencode({key: key}).encode()
            peer.send(
                b"POST /api/storage/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                b"Content-Length: %d\r\n\r\n" % len(form) + form
            )
            assert HttpResponse(peer).status == 200
            assert call(resp, "GET", key) == key.encode()
        assert call(resp, "GET", "stays") == b"here"
        assert call(resp, "DBSIZE") == 4
