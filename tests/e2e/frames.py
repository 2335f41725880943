"""WebSocket, frame by frame: what browsers send, and what no browser would."""

import struct


def open_websocket(server):
    """A connection to /v1/ws that the server has upgraded."""
    peer = server.peer("http")
    peer.send(
        b"GET /v1/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    head = peer.read_until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    return peer


def frame(opcode, payload, final=True, masked=True, length=None):
    """`length` is what the head says, whatever the payload is."""
    length = len(payload) if length is None else length
    head = bytes([(0x80 if final else 0) | opcode])
    mark = 0x80 if masked else 0
    if length < 126:
        head += bytes([mark | length])
    elif length < 65536:
        head += bytes([mark | 126]) + struct.pack(">H", length)
    else:
        head += bytes([mark | 127]) + struct.pack(">Q", length)
    if not masked:
        return head + payload
    mask = b"\x11\x22\x33\x44"
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def read_frame(peer):
    """One frame of the server's: opcode and payload."""
    first, second = peer.read(2)
    length = second & 0x7F
    if length == 126:
        (length,) = struct.unpack(">H", peer.read(2))
    elif length == 127:
        (length,) = struct.unpack(">Q", peer.read(8))
    assert not second & 0x80, "a server never masks"
    return first & 0x0F, peer.read(length)


def close_code(peer):
    """That of the close frame, whatever comes before it."""
    while True:
        opcode, payload = read_frame(peer)
        if opcode == 8:
            return struct.unpack(">H", payload[:2])[0]
