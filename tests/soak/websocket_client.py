"""The clients that speak WebSocket: JSON in text messages, RESP in binary ones. Messages are cut into frames at random.

What a client is stands at the head of resp_client.py.
"""

import base64
import io
import json
import random
import struct

from connect import Garbled, Inside, Lost
from resp_client import Refused
from text_clients import authorization, read_response

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def _masked(data, mask):
    size = len(data)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")


class Frames:
    """Messages on a stream that was upgraded. Errors: as the stream's, and Garbled."""

    def __init__(self, stream, rng: random.Random):
        self.stream, self.route, self._rng = stream, stream.route, rng
        key = base64.b64encode(rng.randbytes(16))
        stream.send(b"GET /v1/ws HTTP/1.1\r\nHost: soak\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n%b\r\n" % (key, authorization(stream.route).encode()))
        status, body = read_response(stream)
        if status != 101:
            raise Lost(f"handshake: {status} {body[:100]!r}")

    def message(self, opcode, data):
        """The bytes of one message."""
        cut = len(data) if self._rng.random() < 0.7 else self._rng.randrange(len(data) + 1)
        if cut == len(data):
            return self._frame(opcode, data, is_last=True)
        ping = self._frame(PING, b"soak", is_last=True) if self._rng.random() < 0.2 else b""
        return self._frame(opcode, data[:cut], is_last=False) + ping + self._frame(CONTINUATION, data[cut:], is_last=True)

    def _frame(self, opcode, data, is_last):
        size, mask = len(data), self._rng.randbytes(4)
        head = bytes([opcode | (0x80 if is_last else 0)])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 1 << 16:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        return head + mask + _masked(data, mask)

    def receive(self, wanted):
        """The next message, of this opcode; pongs are passed over."""
        message = b""
        opcode = None
        while True:
            first, second = self.stream.read(2)
            size = second & 0x7F
            if second & 0x80 or first & 0x70:
                raise Garbled(f"a frame that begins with {first:02x} {second:02x}")
            if size == 126:
                (size,) = struct.unpack(">H", self.stream.read(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self.stream.read(8))
            data, of = self.stream.read(size), first & 0x0F
            if of == PONG:
                continue
            if of == CLOSE:
                raise Lost(f"closed: {data[2:]!r}")
            opcode = of if opcode is None else opcode
            message += data
            if first & 0x80:
                if opcode != wanted:
                    raise Garbled(f"a message of opcode {opcode}")
                return message


class JsonClient:
    name = "WebSocket text"
    can = frozenset({"get", "set", "delete"})
    can_binary = False
    can_deadline = True
    can_half_close = False

    def __init__(self, stream, rng):
        self.stream, self._frames, self._id, self._answered = stream, Frames(stream, rng), 0, 0

    def send(self, operations):
        self.stream.send(b"".join(map(self._request, operations)))

    def replies(self, operations):
        for operation in operations:
            text = self._frames.receive(TEXT)
            try:
                reply = json.loads(text)
            except ValueError:
                raise Garbled(f"no JSON: {text[:100]!r}") from None
            self._answered += 1
            if reply.get("id") != self._answered:
                raise Garbled(f"the reply to {self._answered} says {str(reply)[:200]}")
            if "error" in reply:
                yield Refused(reply["error"])
            elif operation.name == "get":
                yield None if reply["value"] is None else reply["value"].encode()
            else:
                yield True

    def _request(self, operation):
        self._id += 1
        request = {"id": self._id, operation.name: operation.keys[0].decode()}
        if operation.name == "set":
            request["value"] = operation.values[0].decode()
            if operation.ttl_ms:
                request["ttl"] = operation.ttl_ms / 1000
        return self._frames.message(TEXT, json.dumps(request).encode())


class BinaryStream:
    """What connect.Stream offers, through binary messages: RESP on top of it does not know."""

    can_half_close = False

    def __init__(self, stream, rng):
        self._stream, self.route = stream, stream.route
        self._frames = Frames(stream, rng)
        self._file = io.BufferedReader(Inside(lambda: self._frames.receive(BINARY)), 1 << 16)

    def send(self, data):
        self._stream.send(self._frames.message(BINARY, data))

    def read(self, size):
        return self._file.read(size)

    def read_line(self):
        return self._file.readline()[:-2]

    def close(self, by_reset=False):
        self._stream.close(by_reset)
