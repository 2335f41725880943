"""Table: streams of HTTP that two parsers have read differently before, or could; what ours must make of each, and where others
may differ from that.

A stream is for the server as it stands; `for_web` makes it one for larder-web, byte for byte as long, so that every length in
it stays right. RFC 9112: section 6 says where a body ends, section 11 what goes wrong where two disagree.
"""

import re
import typing


class Row(typing.NamedTuple):
    what: str
    stream: bytes
    requests: list  # what ours takes: (method, body), in order
    status: int | None = None  # of the refusal behind them, after which the connection ends; None: there is none
    node: str = ""  # why Node's parser takes, or refuses, something else
    python: str = ""  # why Python's does


def for_web(stream):
    return re.sub(rb"PUT (http://a)?/v1/keys/(\w{4}) ", rb"POST \1/api/storage ", stream)


HEAD = b"Host: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def put(*fields, body=b"", key=b"aaaa", version=b"1.1"):
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"PUT /v1/keys/" + key + b" HTTP/" + version + b"\r\n" + HEAD + lines + b"\r\n" + body


BODY = b"aaaa=1"
LENGTH = b"Content-Length: 6"
CHUNKED = b"Transfer-Encoding: chunked"
CHUNKS = b"6\r\naaaa=1\r\n0\r\n\r\n"
EVIL = put(LENGTH, body=b"evil=1", key=b"evil")
NEXT = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

ONE = [("PUT", BODY)]
TWO = [*ONE, ("GET", b"")]

NO_CHUNKS = "http.server knows no chunks"
FIRST_LENGTH = "http.server takes the first length it finds"
LENIENT_HEAD = "http.server reads heads as e-mail: line ends, folds and white space as they come"
NO_TAB = "llhttp takes no tab behind these two values; RFC 9110 5.5 has it for white space that is no part of a value"
BELOW_CHUNKS = "Node leaves a coding below chunks to the application"
NUMBERS = "http.server reads a length as Python reads numbers"
RFC_ALLOWS = "RFC 9112 lets a recipient take or refuse it; what is refused cannot be read in two ways"

# What Debian 12's Node 18 takes, and Node 20 and ours do not: its llhttp, of before version 8, forgives more.
TAKEN_BY_NODE_18 = {
    "a length and an empty encoding",
    "a line of nothing but a colon",
    "two bytes for the end of a chunk",
    "a bare LF at the end",
    "a byte behind the last CR",
    "a space before a trailer's colon",
    "a space before the first field",
}

VALID = [
    Row("a length", put(LENGTH, body=BODY) + NEXT, TWO),
    Row("chunks", put(CHUNKED, body=CHUNKS) + NEXT, TWO, python=NO_CHUNKS),
    Row("chunked in another case", put(b"TRANSFER-encoding: ChunkeD", body=CHUNKS) + NEXT, TWO, python=NO_CHUNKS),
    Row("spaces around chunked", put(b"Transfer-Encoding:  chunked  ", body=CHUNKS) + NEXT, TWO, python=NO_CHUNKS),
    Row("a tab behind chunked", put(b"Transfer-Encoding: chunked\t", body=CHUNKS) + NEXT, TWO, node=NO_TAB, python=NO_CHUNKS),
    Row("a length of leading zeros", put(b"Content-Length: 0000000006", body=BODY) + NEXT, TWO),
    Row("spaces around the length", put(b"Content-Length:  6  ", body=BODY) + NEXT, TWO),
    Row("a tab behind the length", put(b"Content-Length: 6\t", body=BODY) + NEXT, TWO, node=NO_TAB),
    Row("no length", put() + NEXT, [("PUT", b""), ("GET", b"")]),
    Row("a length of 0", put(b"Content-Length: 0") + NEXT, [("PUT", b""), ("GET", b"")]),
    Row("a request inside a body", put(b"Content-Length: %d" % len(EVIL), body=EVIL) + NEXT, [("PUT", EVIL), ("GET", b"")]),
    Row("a request inside a chunk", put(CHUNKED, body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(EVIL), EVIL)) + NEXT,
        [("PUT", EVIL), ("GET", b"")], python=NO_CHUNKS),
    Row("a body of a GET", b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(EVIL), EVIL) + put(LENGTH, body=BODY),
        [("GET", EVIL), ("PUT", BODY)]),
    Row("chunks of a GET", b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS + put(LENGTH, body=BODY),
        [("GET", BODY), ("PUT", BODY)], python=NO_CHUNKS),
    Row("several chunks", put(CHUNKED, body=b"1\r\na\r\n5\r\naaa=1\r\n0\r\n\r\n") + NEXT, TWO, python=NO_CHUNKS),
    Row("a chunk size of leading zeros", put(CHUNKED, body=b"0000000006\r\naaaa=1\r\n000\r\n\r\n") + NEXT, TWO, python=NO_CHUNKS),
    Row("chunk extensions", put(CHUNKED, body=b"6;a=b;c=\"d e\"\r\naaaa=1\r\n0;x\r\n\r\n") + NEXT, TWO, python=NO_CHUNKS),
    Row("trailers", put(CHUNKED, body=b"6\r\naaaa=1\r\n0\r\nA: b\r\nC: d\r\n\r\n") + NEXT, TWO, python=NO_CHUNKS),
    Row("a length in the trailers", put(CHUNKED, body=b"6\r\naaaa=1\r\n0\r\nA: Content-Length\r\n\r\n") + NEXT, TWO, python=NO_CHUNKS),
    Row("a name with an underscore", put(LENGTH, b"Transfer_Encoding: chunked", body=BODY) + NEXT, TWO),
    Row("a name that ends alike", put(LENGTH, b"X-Transfer-Encoding: chunked", b"X-Content-Length: 60", body=BODY) + NEXT, TWO),
    Row("a length that Connection names", put(LENGTH, b"Connection: Content-Length", body=BODY) + NEXT, TWO),
    Row("an absolute target", put(LENGTH, body=BODY).replace(b"PUT /", b"PUT http://a/") + NEXT, TWO),
    Row("an empty line first", b"\r\n" + put(LENGTH, body=BODY) + b"\r\n" + NEXT, TWO, python="http.server answers an empty line with 400"),
    Row("HTTP/1.0", put(LENGTH, b"Connection: keep-alive", body=BODY, version=b"1.0") + NEXT, TWO),
    Row("HTTP/1.0, which ends", put(LENGTH, body=BODY, version=b"1.0") + EVIL, ONE),
    Row("an end that is asked for", put(LENGTH, b"Connection: close", body=BODY) + EVIL, ONE),
    Row("an expectation", put(LENGTH, b"Expect: 100-continue", body=BODY) + NEXT, TWO),
]

# (what, fields, body, more of Row): one PUT that must be refused, and the request that somebody hopes to get through with it.
FRAMING = [
    ("a length and chunks", [LENGTH, CHUNKED], CHUNKS, {"python": FIRST_LENGTH}),
    ("chunks and a length", [CHUNKED, LENGTH], CHUNKS, {"python": FIRST_LENGTH}),
    ("a length of 0 and chunks", [b"Content-Length: 0", CHUNKED], CHUNKS, {"python": FIRST_LENGTH}),
    ("a length and an encoding that is none", [LENGTH, b"Transfer-Encoding: identity"], BODY, {"python": FIRST_LENGTH}),
    ("a length and an empty encoding", [LENGTH, b"Transfer-Encoding:"], BODY, {"python": FIRST_LENGTH}),
    ("two lengths", [LENGTH, b"Content-Length: 0"], BODY, {"python": FIRST_LENGTH}),
    ("two lengths the other way", [b"Content-Length: 0", LENGTH], BODY, {"python": FIRST_LENGTH}),
    ("two equal lengths", [LENGTH, LENGTH], BODY, {"python": FIRST_LENGTH}),
    ("a list of equal lengths", [b"Content-Length: 6, 6"], BODY, {}),
    ("a list of lengths", [b"Content-Length: 6,0"], BODY, {}),
    ("a signed length", [b"Content-Length: +6"], BODY, {"python": NUMBERS}),
    ("a negative length", [b"Content-Length: -6"], BODY, {}),
    ("a length of minus zero", [b"Content-Length: -0"], BODY, {"python": NUMBERS}),
    ("a hexadecimal length", [b"Content-Length: 0x6"], BODY, {}),
    ("a length with an underscore", [b"Content-Length: 0_6"], BODY, {"python": NUMBERS}),
    ("a length with a fraction", [b"Content-Length: 6.0"], BODY, {}),
    ("a length with a space inside", [b"Content-Length: 6 0"], BODY, {}),
    ("a length and more", [b"Content-Length: 6;a"], BODY, {}),
    ("an empty length", [b"Content-Length:"], BODY, {}),
    ("a length beyond 64 bits", [b"Content-Length: 18446744073709551622"], BODY, {}),
    ("a length of digits beyond ASCII", ["Content-Length: \u0666".encode()], BODY, {}),
    ("a space before the colon", [b"Content-Length : 6"], BODY, {"python": LENIENT_HEAD}),
    ("a space before chunked's colon", [b"Transfer-Encoding : chunked"], CHUNKS, {"python": LENIENT_HEAD}),
    ("a tab before chunked's colon", [b"Transfer-Encoding\t: chunked"], CHUNKS, {"python": LENIENT_HEAD}),
    ("a tab before the name", [b"A: b", b"\tTransfer-Encoding: chunked"], CHUNKS, {"python": LENIENT_HEAD}),
    ("a space before the name", [b"A: b", b" Content-Length: 6"], BODY, {"python": LENIENT_HEAD}),
    ("a folded encoding", [b"Transfer-Encoding:\r\n chunked"], CHUNKS, {"python": LENIENT_HEAD}),
    ("a folded length", [b"Content-Length:\r\n 6"], BODY, {"python": LENIENT_HEAD}),
    ("chunked, then another coding", [b"Transfer-Encoding: chunked, identity"], CHUNKS, {"python": NO_CHUNKS}),
    ("chunked twice", [b"Transfer-Encoding: chunked, chunked"], CHUNKS, {"python": NO_CHUNKS}),
    ("two encodings", [CHUNKED, CHUNKED], CHUNKS, {"python": NO_CHUNKS}),
    ("chunked and identity", [CHUNKED, b"Transfer-Encoding: identity"], CHUNKS, {"python": NO_CHUNKS}),
    ("identity and chunked", [b"Transfer-Encoding: identity", CHUNKED], CHUNKS, {"node": BELOW_CHUNKS, "python": NO_CHUNKS}),
    ("a coding that starts like chunked", [b"Transfer-Encoding: chunkedx"], CHUNKS, {"python": NO_CHUNKS}),
    ("a coding that ends like chunked", [b"Transfer-Encoding: xchunked"], CHUNKS, {"python": NO_CHUNKS}),
    ("chunked in quotes", [b'Transfer-Encoding: "chunked"'], CHUNKS, {"python": NO_CHUNKS}),
    ("chunked and a comma", [b"Transfer-Encoding: chunked,"], CHUNKS, {"python": NO_CHUNKS}),
    ("chunked with a parameter", [b"Transfer-Encoding: chunked;q=1"], CHUNKS, {"python": NO_CHUNKS}),
    ("a vertical tab before chunked", [b"Transfer-Encoding: \x0bchunked"], CHUNKS, {"python": NO_CHUNKS}),
    ("a form feed behind chunked", [b"Transfer-Encoding: chunked\x0c"], CHUNKS, {"python": NO_CHUNKS}),
    ("NUL behind chunked", [b"Transfer-Encoding: chunked\0"], CHUNKS, {"python": NO_CHUNKS}),
    ("a byte beyond ASCII behind chunked", [b"Transfer-Encoding: chunked\xa0"], CHUNKS, {"python": NO_CHUNKS}),
    ("a bare CR in the value before it", [b"A: b\rTransfer-Encoding: chunked"], CHUNKS, {"python": LENIENT_HEAD}),
    ("a bare CR behind the name", [b"Content-Length\r: 6"], BODY, {"python": LENIENT_HEAD}),
    ("a bare LF before the length", [b"A: b\nContent-Length: 6"], BODY, {"python": LENIENT_HEAD}),
    ("a bare LF before the encoding", [b"A: b\nTransfer-Encoding: chunked"], CHUNKS, {"python": LENIENT_HEAD}),
    ("a bare LF that ends the head", [b"A: b\n"], b"", {"python": LENIENT_HEAD}),
    ("NUL in a value", [LENGTH, b"A: b\0c"], BODY, {"python": LENIENT_HEAD}),
    ("NUL in a name", [LENGTH, b"A\0: b"], BODY, {"python": LENIENT_HEAD}),
    ("a line without a colon", [LENGTH, b"A"], BODY, {"python": LENIENT_HEAD}),
    ("a line of nothing but a colon", [LENGTH, b": b"], BODY, {"python": LENIENT_HEAD}),
    ("a name with a bracket", [LENGTH, b"A[: b"], BODY, {"python": LENIENT_HEAD}),
    ("a second Host", [LENGTH, b"Host: b"], BODY, {"node": "Node takes the first Host", "python": LENIENT_HEAD}),
]

CHUNK_BODIES = [
    ("a chunk size of 0x6", b"0x6\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a signed chunk size", b"+6\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a negative chunk size", b"-6\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a chunk size beyond 64 bits", b"10000000000000006\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a chunk size of many zeros", b"0" * 100 + b"6\r\naaaa=1\r\n0\r\n\r\n", {"node": RFC_ALLOWS}),
    ("no chunk size", b"\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a chunk size in another base", b"6h\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a space before the chunk size", b" 6\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a space behind the chunk size", b"6 \r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a tab behind the chunk size", b"6\t\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a space before an extension", b"6 ;a\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a bare LF behind the chunk size", b"6\naaaa=1\r\n0\r\n\r\n", {}),
    ("a bare CR behind the chunk size", b"6\raaaa=1\r\n0\r\n\r\n", {}),
    ("a bare LF in an extension", b"6;a\nb\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a bare CR in an extension", b"6;a\rb\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("NUL in an extension", b"6;a\0b\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a chunk shorter than its size", b"7\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a chunk longer than its size", b"5\r\naaaa=1\r\n0\r\n\r\n", {}),
    ("a bare LF behind a chunk", b"6\r\naaaa=1\n0\r\n\r\n", {}),
    ("a bare CR behind a chunk", b"6\r\naaaa=1\r0\r\n\r\n", {}),
    ("two bytes for the end of a chunk", b"6\r\naaaa=1XX0\r\n\r\n", {}),
    ("a bare LF behind the last chunk", b"6\r\naaaa=1\r\n0\n\n", {}),
    ("a bare LF behind the trailers", b"6\r\naaaa=1\r\n0\r\nA: b\n\r\n", {}),
    ("a bare LF at the end", b"6\r\naaaa=1\r\n0\r\n\n", {}),
    ("a byte behind the last CR", b"6\r\naaaa=1\r\n0\r\n\rX", {}),
    ("a folded trailer", b"6\r\naaaa=1\r\n0\r\nA: b\r\n c\r\n\r\n", {}),
    ("a trailer without a colon", b"6\r\naaaa=1\r\n0\r\nA\r\n\r\n", {}),
    ("a space before a trailer's colon", b"6\r\naaaa=1\r\n0\r\nA : b\r\n\r\n", {}),
    ("NUL in a trailer", b"6\r\naaaa=1\r\n0\r\nA: b\0\r\n\r\n", {}),
]

HEADS = [
    Row("no Host", b"PUT /v1/keys/aaaa HTTP/1.1\r\nContent-Length: 6\r\n\r\naaaa=1" + EVIL, [], 400,
        node="Node answers 400 and reads on", python=LENIENT_HEAD),
    Row("a Host with a path", b"PUT /v1/keys/aaaa HTTP/1.1\r\nHost: a/b\r\nContent-Length: 6\r\n\r\naaaa=1" + EVIL, [], 400,
        node="Node looks at no Host", python=LENIENT_HEAD),
    Row("bare LFs", put(LENGTH, body=BODY).replace(b"\r\n", b"\n") + EVIL, [], 400, python=LENIENT_HEAD),
    Row("bare CRs", put(LENGTH, body=BODY).replace(b"\r\n", b"\r") + EVIL, [], 400),
    Row("a space before the first field", put(LENGTH, body=BODY).replace(b"Host", b" Host") + EVIL, [], 400, python=LENIENT_HEAD),
    Row("two spaces before the target", put(LENGTH, body=BODY).replace(b"PUT ", b"PUT  ") + EVIL, [], 400, python=LENIENT_HEAD,
        node="llhttp skips spaces before a target; where the request ends is not in doubt"),
    Row("a tab before the target", put(LENGTH, body=BODY).replace(b"PUT ", b"PUT\t") + EVIL, [], 400, python=LENIENT_HEAD),
    Row("a space behind the version", put(LENGTH, body=BODY).replace(b" HTTP/1.1\r", b" HTTP/1.1 \r", 1) + EVIL, [], 400,
        python=LENIENT_HEAD),
    Row("a space in the target", put(LENGTH, body=BODY).replace(b"aaaa HTTP", b"aaaa b HTTP", 1) + EVIL, [], 400),
    Row("NUL in the target", put(LENGTH, body=BODY).replace(b"aaaa HTTP", b"aa\0a HTTP", 1) + EVIL, [], 400, python=LENIENT_HEAD),
    Row("two empty lines first", b"\r\n\r\n" + put(LENGTH, body=BODY) + EVIL, [], 400, node=RFC_ALLOWS),
    Row("HTTP/0.9", b"GET /healthz\r\n" + EVIL, [], 400, python="http.server answers HTTP/0.9, and reads no further"),
    Row("HTTP/1.2", put(LENGTH, body=BODY, version=b"1.2") + EVIL, [], 505, python=LENIENT_HEAD),
    Row("HTTP/2.0", put(LENGTH, body=BODY, version=b"2.0") + EVIL, [], 505, node="llhttp takes version 2.0 for one of its own"),
    Row("a version of three digits", put(LENGTH, body=BODY, version=b"1.10") + EVIL, [], 400, python=LENIENT_HEAD),
    Row("chunks in HTTP/1.0", put(CHUNKED, b"Connection: keep-alive", body=CHUNKS, version=b"1.0") + EVIL, [], 400,
        node="Node reads chunks in HTTP/1.0 as in 1.1", python=NO_CHUNKS),
    Row("a coding that is not known below chunks", put(b"Transfer-Encoding: gzip, chunked", body=CHUNKS) + EVIL, [], 501,
        node=BELOW_CHUNKS, python=NO_CHUNKS),
    Row("an expectation that is not known", put(LENGTH, b"Expect: 200-ok", body=BODY) + EVIL, [], 417,
        node="Node reads on behind its 417",
        python="http.server passes over expectations that it does not know"),
    Row("two expectations", put(LENGTH, b"Expect: 100-continue", b"Expect: 100-continue", body=BODY) + EVIL, [], 417,
        node="Node looks at one of them", python="http.server looks at one of them"),
    Row("what is no HTTP behind a request", put(LENGTH, body=BODY) + b"*1\r\n$4\r\nPING\r\n" + EVIL, ONE, 400),
    Row("a body longer than its length", put(LENGTH, body=BODY + b"x\r\n") + EVIL, ONE, 400),
    Row("a request behind one that is cut short", put(b"Content-Length: %d" % (len(EVIL) + 1), body=EVIL), [], None),
]

REFUSED = (
    [Row(what, put(*fields, body=body) + EVIL, [], 400, **more) for what, fields, body, more in FRAMING]
    + [Row(what, put(CHUNKED, body=body) + EVIL, [], 400, **{"python": NO_CHUNKS, **more}) for what, body, more in CHUNK_BODIES]
    + HEADS
)
