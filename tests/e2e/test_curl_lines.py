"""The README's lines, against real processes.

Goal: what the first page promises works through every room: curl, web application, client library, RESP, cache and back;
and what was stored there is the same key for every protocol. Method: curl itself, then each protocol byte by byte.
"""

import subprocess


def curl(*arguments):
    result = subprocess.run(["curl", "-sS", "--noproxy", "*", *arguments], capture_output=True, timeout=30)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_what_curl_posts_curl_gets(web):
    storage = f"{web.address('http')}/api/storage/"
    assert curl("-d", "k1=v1", "-d", "k2=v2", "-X", "POST", storage) == b"OK\n"
    assert curl("-X", "GET", storage + "?key=k1") == b"v1"
    assert curl("-X", "GET", storage + "?key=k2") == b"v2"
    assert curl("-o", "/dev/null", "-w", "%{http_code}", storage + "?key=k3") == b"404"


def test_every_protocol_reads_what_the_web_application_stored(web, server):
    curl("-d", "k1=v1", f"{web.address('http')}/api/storage/")
    with server.peer("line") as peer:
        peer.ask(b"get k1\r\n", b"v1\r\nEND\r\n")
        peer.ask(b"get k2\r\n", b"END\r\n")
        peer.ask(b"set k2 v 2\r\n", b"END\r\n")
        peer.ask(b"get k2\r\n", b"v 2\r\nEND\r\n")
    with server.peer("resp") as peer:
        peer.ask(b"*2\r\n$3\r\nGET\r\n$2\r\nk1\r\n", b"$2\r\nv1\r\n")
        peer.ask(b"*2\r\n$3\r\nGET\r\n$2\r\nk2\r\n", b"$3\r\nv 2\r\n")
    assert curl(f"{server.address('http')}/v1/keys/k1") == b"v1"
