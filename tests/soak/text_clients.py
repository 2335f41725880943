"""The clients that speak the line protocol and HTTP. What a client is stands at the head of resp_client.py."""

import base64
import random
import urllib.parse

from connect import Garbled, Lost
from resp_client import Refused


class LineClient:
    name = "line"
    can = frozenset({"get", "set", "delete"})
    can_binary = False
    can_deadline = False

    def __init__(self, stream):
        self.stream, self.can_half_close = stream, stream.can_half_close
        if stream.route.user:
            stream.send(b"auth %b %b\r\n" % (stream.route.user.encode(), stream.route.password.encode()))
            if (reply := stream.read_line()) != b"OK":
                raise Lost(f"auth: {reply!r}")

    def send(self, operations):
        self.stream.send(b"".join(b" ".join((o.name.encode(), *o.keys, *o.values)) + b"\r\n" for o in operations))

    def replies(self, operations):
        for operation in operations:
            line = self.stream.read_line()
            if line.startswith(b"ERROR"):
                yield Refused(line.decode(errors="replace"))
            elif operation.name != "get":
                if line != b"END":
                    raise Garbled(f"the reply to {operation.name} is {line[:100]!r}")
                yield True
            elif line == b"END":
                yield None
            elif (end := self.stream.read_line()) != b"END":
                raise Garbled(f"after a value comes {end[:100]!r}")
            else:
                yield line


class HttpClient:
    name = "HTTP"
    can = frozenset({"get", "set", "delete"})
    can_binary = True
    can_deadline = True

    def __init__(self, stream, rng: random.Random):
        self.stream, self._rng, self.can_half_close = stream, rng, stream.can_half_close

    def send(self, operations):
        self.stream.send(b"".join(map(self._request, operations)))

    def replies(self, operations):
        for operation in operations:
            status, body = read_response(self.stream)
            if operation.name == "get" and status in (200, 404):
                yield body if status == 200 else None
            elif operation.name != "get" and (status == 204 or (status == 404 and operation.name == "delete")):
                yield True
            else:
                yield Refused(f"{status} {body[:100].decode(errors='replace')}")

    def _request(self, operation):
        method = {"get": "GET", "set": "PUT", "delete": "DELETE"}[operation.name]
        target = "/v1/keys/" + urllib.parse.quote(operation.keys[0])
        if operation.ttl_ms:
            target += f"?ttl={operation.ttl_ms / 1000}"
        head = f"{method} {target} HTTP/1.1\r\nHost: soak\r\n" + authorization(self.stream.route)
        if operation.name != "set":
            return head.encode() + b"\r\n"
        body = operation.values[0]
        if self._rng.random() < 0.7:
            return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        cut = self._rng.randrange(len(body)) + 1
        chunks = [chunk for chunk in (body[:cut], body[cut:]) if chunk] + [b""]
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks)


def authorization(route):
    """The header line of a login, or nothing."""
    if not route.user:
        return ""
    return "Authorization: Basic " + base64.b64encode(f"{route.user}:{route.password}".encode()).decode() + "\r\n"


def read_response(stream):
    """Status and body of the next response to a request other than HEAD."""
    line = stream.read_line()
    if not line.startswith(b"HTTP/1.1 ") or not line[9:12].isdigit():
        raise Garbled(f"no status line: {line[:100]!r}")
    status, size = int(line[9:12]), 0
    while header := stream.read_line():
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    return status, stream.read(size) if status >= 200 and status != 204 else b""
