"""HTTP parsers of others, each as a server that tells what it has read; and our programs, asked for the same.

A reader is given a stream of bytes and its end, and says which requests it has taken, as (method, body), in order; what it
refuses is not among them. Node's parser, llhttp, is a strict one. Python's http.server takes what it can, as many small servers
do: it knows Content-Length and nothing of Transfer-Encoding.
"""

import contextlib
import http.server
import json
import pathlib
import queue
import shutil
import socket
import subprocess
import threading

from hostile import HttpResponse, call, send_and_end
from programs import PATIENCE_S

NODE_TESTS = pathlib.Path(__file__).resolve().parent.parent / "node"


def send(address, stream):
    """Sends the stream and its end, and waits for the server's."""
    with socket.create_connection(address, timeout=PATIENCE_S) as peer, contextlib.suppress(ConnectionError):
        peer.sendall(stream)
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(1 << 16):
            pass


def node_major():
    """18 of v18.20.4."""
    version = subprocess.run(["node", "--version"], capture_output=True, check=True, text=True).stdout
    return int(version.removeprefix("v").split(".")[0])


@contextlib.contextmanager
def node_reader():
    """read(stream): what Node's parser makes of it."""
    node = shutil.which("node")
    assert node, "node is missing: script/setup installs it"
    with subprocess.Popen(
        [node, "http_requests.mjs"], cwd=NODE_TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        address = ("127.0.0.1", int(process.stdout.readline()))

        def read(stream):
            send(address, stream)
            return [(method, body.encode("latin-1")) for method, body in json.loads(process.stdout.readline())]

        yield read
        process.stdin.close()


class RecordingHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.requests = []

    def take(self):
        try:
            size = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(size)
        except (ValueError, OverflowError):
            size, body = -1, b""
        if size < 0 or len(body) < size:
            self.send_error(400)
            return
        self.requests.append((self.command, body))
        self.send_response(204)
        self.end_headers()

    do_GET = do_HEAD = do_PUT = do_POST = take

    def send_error(self, *_):
        self.close_connection = True

    def finish(self):
        super().finish()
        self.server.readings.put(self.requests)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def python_reader():
    """read(stream): what Python's http.server makes of it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), RecordingHandler) as server:
        server.readings = queue.SimpleQueue()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def read(stream):
            send(server.server_address, stream)
            return server.readings.get(timeout=PATIENCE_S)

        yield read
        server.shutdown()
        thread.join()


def answers(peer):
    """Every final response until the server ends the connection."""
    with contextlib.suppress(ConnectionError):
        while not peer.is_at_end():
            response = HttpResponse(peer)
            if response.status != 100:
                yield response


def read_with(program, cache, stream, cut=None):
    """What one of our programs makes of it: the statuses of its answers, and afterwards all keys and values of the cache. `cut`: the
    stream comes in pieces of so many bytes."""
    with cache.peer("resp") as resp:
        call(resp, "FLUSHALL")
        with program.peer("http") as peer:
            send_and_end(peer, stream, cut)
            statuses = [response.status for response in answers(peer)]
        return statuses, {key: call(resp, "GET", key) for _, key in call(resp, "KEYS", "*")}
