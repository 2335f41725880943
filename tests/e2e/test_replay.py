"""larder-replay as a process: tables, curves, made traces, running servers.

Goal: the figures are those that others published for the same trace and sizes, and every mistake ends with a sentence and
a status. Method: a trace of the cache2k benchmarks (tests/traces/), traces made from seeds whose hashes were recorded, a
larder-server, and a server that lies.
"""

import hashlib
import pathlib
import re
import socketserver
import subprocess
import threading
import xml.etree.ElementTree

import pytest

from programs import BIN, PATIENCE_S, ROOT

WEB12 = ROOT / "tests/traces/web12.txt.zst"
SVG = "{http://www.w3.org/2000/svg}"
POLICIES = ["fifo", "lru", "clock", "sieve", "s3fifo", "2q", "arc", "lirs", "w-tinylfu", "belady"]


def run(*options, stdin=None, environment=None):
    """larder-replay to its end: (status, stdout, stderr)."""
    result = subprocess.run(
        [BIN / "larder-replay", *map(str, options)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", **(environment or {})},
        timeout=4 * PATIENCE_S,
    )
    return result.returncode, result.stdout, result.stderr


def table(output):
    """{policy: {size: miss ratio}} of a table whose rows are policies."""
    head, _, *rows = [line.split() for line in output.split("\n\n")[1].splitlines()]
    assert head[:2] == ["miss", "ratio"]
    return {row[0]: dict(zip(head[2:], map(float, row[1:]))) for row in rows}


def figures(output):
    """{name: text} of what a replay against a server prints."""
    return dict(re.split(r"  +", line) for line in output.splitlines())


def is_progress(line):
    return re.fullmatch(r"(reading|making|writing|simulating|replaying): .* requests", line)


# What it says, and what it refuses.


def test_help_names_every_policy_and_the_grammar_of_made_traces():
    status, out, err = run("--help")
    assert (status, err) == (0, "")
    for word in [*POLICIES, "--size", "--curve", "SVG", "--server", "zipf:n=", "loop:n=", "scan", "LARDER_REPLAY_SEED"]:
        assert word in out, word
    assert "--healthcheck" not in out


@pytest.mark.parametrize(
    "options, words",
    [
        ([], "a trace is needed"),
        (["one.txt", "two.txt"], "'two.txt' belongs to no flag"),
        (["/nowhere/t.txt"], "/nowhere/t.txt: No such file or directory"),
        (["/"], "/: Is a directory"),
        (["-", "--policy", "magic"], "there is no policy 'magic'"),
        (["-", "--size", "much"], "'much' is no cache size"),
        (["-", "--curve", "c.png"], "has to end in .svg"),
        (["--make", "zipf"], "it needs the number of its objects"),
        (["--make", "scan", "--output", "-", "--server", "resp://127.0.0.1:1"], "cannot go together"),
        (["--make", "loop:n=3", "--size", "1mb"], "the objects have no sizes"),
        (["--make", "loop:n=3", "--size", "1%"], "less than one"),
    ],
)
def test_misuse_is_refused_with_a_sentence(options, words):
    status, out, err = run(*options)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1 and words in err and err.startswith("larder-replay: "), err


def test_objects_without_a_size_have_no_curve(tmp_path):
    status, _, err = run("-", "--curve", tmp_path / "zero.svg", stdin="1,0\n2,0\n")
    assert status == 2 and "have no size" in err


@pytest.mark.parametrize("text, place", [("1\nx\n", ":2: "), ("1\n\n2\n", ":2: "), ("1,5\n2\n", ":2: "), ("", ": ")])
def test_a_trace_that_is_none_is_refused_with_its_line(text, place):
    status, out, err = run("-", stdin=text)
    assert (status, out) == (2, "")
    assert err.startswith("larder-replay: standard input" + place), err


# Simulation.


def test_a_table_has_the_miss_ratios_that_others_found():
    status, out, err = run(WEB12, "--policy", "lru,fifo", "--size", "1%,5%,20%")
    assert status == 0 and all(map(is_progress, err.splitlines()))
    assert out.startswith("95607 requests of 13756 objects\n\n")
    found = table(out)
    assert list(found) == ["lru", "fifo"]
    for policy, ratios in {"lru": (0.6030, 0.4000, 0.2433), "fifo": (0.6237, 0.4375, 0.2786)}.items():
        assert list(found[policy].values()) == pytest.approx(ratios, abs=0.0001)


def test_all_policies_are_between_the_optimum_and_all_misses():
    status, out, _ = run(WEB12, "--size", "5%", "--requests", 20000)
    assert status == 0
    found = table(out)
    assert sorted(found) == sorted(POLICIES)
    assert min(found, key=lambda policy: found[policy]["5%"]) == "belady"
    assert all(0 < ratios["5%"] < 1 for ratios in found.values())


def test_a_loop_is_the_worst_for_lru_until_it_fits():
    _, out, _ = run("--make", "loop:n=100", "--requests", 1000, "--policy", "lru", "--size", "99,100")
    assert table(out)["lru"] == {"99": 1.0, "100": 0.1}


def test_sizes_come_from_the_trace_or_from_the_ids():
    trace = "1,10\n2,10\n3,80\n1,10\n2,10\n3,80\n"
    _, out, _ = run("-", "--policy", "lru", "--size", "50b,100,100%", stdin=trace)
    assert "bytes" in out
    assert table(out)["lru"] == {"50b": 0.6667, "100": 0.5, "100%": 0.5}
    _, out, _ = run("-", "--policy", "lru", "--size", "2,3", stdin="1\n2\n3\n1\n2\n3\n")
    assert "objects" in out.split("\n\n")[1] and table(out)["lru"] == {"2": 1.0, "3": 0.5}
    # By the rule in value_size.h the first three ids have 125, 7 and about 200 bytes.
    _, out, _ = run("-", "--policy", "fifo", "--value-mean", "200", "--size", "132", stdin="1\n2\n1\n2\n")
    assert table(out)["fifo"] == {"132": 0.5}
    _, out, _ = run("-", "--policy", "fifo", "--value-size", "1kb", "--size", "1kb,2kb", stdin="1\n2\n1\n2\n")
    assert table(out)["fifo"] == {"1kb": 1.0, "2kb": 0.5}


def test_a_curve_is_a_picture_with_one_line_for_each_policy(tmp_path):
    path = tmp_path / "curve.svg"
    status, out, _ = run(WEB12, "--policy", "lru,fifo,s3fifo", "--requests", 20000, "--curve", path)
    assert status == 0
    assert out.split("\n\n")[1].split()[:6] == ["miss", "ratio", "objects", "lru", "fifo", "s3fifo"]
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.tag == SVG + "svg"
    curves = [line for line in root.iter(SVG + "polyline") if line.get("class") == "curve"]
    assert [curve.find(SVG + "title").text for curve in curves] == ["lru", "fifo", "s3fifo"]
    size_count = len(out.split("\n\n")[1].splitlines()) - 1
    for curve in curves:
        points = [tuple(map(float, point.split(","))) for point in curve.get("points").split()]
        assert len(points) == size_count
        assert points == sorted(points), "larger caches lie to the right"
        assert points[0][1] < points[-1][1], "and miss less, which is further down"
    texts = {text.text for text in root.iter(SVG + "text")}
    assert {"lru", "fifo", "s3fifo", "miss ratio", "1%", "10%"} <= texts
    assert len({(curve.get("stroke"), curve.get("stroke-dasharray")) for curve in curves}) == 3


def test_a_curve_that_cannot_be_written_is_a_failure():
    status, out, err = run("--make", "loop:n=9", "--policy", "lru", "--size", "5", "--curve", "/nowhere/c.svg")
    assert status == 1 and "lru" in out
    assert "/nowhere/c.svg" in err


# Made traces.


@pytest.mark.parametrize(
    "mix, seed, digest",
    [
        ("zipf:n=10000,skew=0.99", 1, "d7629bc797cdb88e"),
        ("zipf:n=1000*0.7+scan*0.2+loop:n=1011*0.1", 2, "a00267df9271f534"),
    ],
)
def test_a_seed_is_the_same_trace_everywhere(mix, seed, digest):
    options = ["--make", mix, "--requests", 50000, "--output", "-"]
    status, out, err = run(*options, "--seed", seed)
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 50000
    assert hashlib.sha256(out.encode()).hexdigest()[:16] == digest
    assert run(*options, "--seed", seed + 1)[1] != out


def test_a_trace_is_packed_by_its_name_and_read_again(tmp_path):
    mix = ["--make", "zipf:n=1000+scan", "--requests", 30000, "--value-mean", "100"]
    plain, packed, again = tmp_path / "t.txt", tmp_path / "t.txt.zst", tmp_path / "again.txt"
    assert run(*mix, "--output", plain)[0] == 0
    assert run(*mix, "--output", packed)[0] == 0
    assert packed.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    assert run(packed, "--output", again)[0] == 0
    assert again.read_bytes() == plain.read_bytes()
    assert re.fullmatch(r"(\d+,\d+\n){30000}", plain.read_text(encoding="ascii"))
    options = ["--policy", "lru", "--size", "10%"]
    assert run(packed, *options)[1] == run(*mix, *options)[1]


def test_a_full_disk_is_a_failure():
    if not pathlib.Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    status, _, err = run("--make", "scan", "--requests", 10, "--output", "/dev/full")
    assert status == 1 and "/dev/full: No space left on device" in err


# Against a server.


def test_a_server_is_replayed_against_and_every_hit_is_checked(start_server):
    server = start_server("--memory", "2mb")
    options = ["--make", "zipf:n=20000,skew=0.9", "--requests", 40000, "--server", server.address("resp")]
    status, out, err = run(*options)
    assert status == 0 and all(map(is_progress, err.splitlines())), err
    first = figures(out)
    assert list(first) == ["requests", "misses", "miss ratio", "requests/s", "wrong", "refused"]
    assert (first["requests"], first["wrong"], first["refused"]) == ("40000", "0", "0")
    assert 0.1 < float(first["miss ratio"]) < 0.9
    assert float(first["miss ratio"]) == pytest.approx(int(first["misses"]) / 40000, abs=0.0001)
    # A second run finds values of the first.
    status, out, _ = run(*options)
    assert status == 0 and int(figures(out)["misses"]) < int(first["misses"])
    # Other sizes are other values, and what is there is not what they must be.
    status, out, _ = run(*options, "--value-size", "100", "--requests", 1000)
    assert status == 1 and int(figures(out)["wrong"]) > 0


def test_sizes_of_the_trace_are_those_of_the_values(server):
    trace = "1,3\n2,1000\n"
    assert run("-", "--server", server.address("resp"), stdin=trace)[0] == 0
    with server.peer("resp") as peer:
        peer.ask(b"GET object:b456bcfc34c2cb2c\r\n", b"$3\r\nobj\r\n")
        value = b"object:3abf2a20650683e7" * 44
        peer.ask(b"GET object:3abf2a20650683e7\r\n", b"$1000\r\n" + value[:1000] + b"\r\n")
    status, out, _ = run("-", "--server", server.address("resp"), stdin=trace)
    assert status == 0 and figures(out)["misses"] == "0"


def test_a_set_that_is_refused_is_counted_and_told(start_server):
    server = start_server("--value-size-max", "100b")
    status, out, err = run(
        "--make", "loop:n=2", "--requests", 32, "--value-size", "1kb", "--server", server.address("resp")
    )
    assert status == 0
    assert (figures(out)["misses"], figures(out)["refused"]) == ("4", "4")
    assert "the first SET that was refused: object:0000000000000000: " in err


class Liar(socketserver.BaseRequestHandler):
    """Answers every GET with somebody else's value."""

    def handle(self):
        while data := self.request.recv(1 << 16):
            self.request.sendall(b"$3\r\nlie\r\n" * data.count(b"GET"))


def test_a_server_that_lies_makes_the_status_1():
    with socketserver.TCPServer(("127.0.0.1", 0), Liar) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"resp://127.0.0.1:{server.server_address[1]}"
        status, out, _ = run("--make", "scan", "--requests", 64, "--server", url)
        server.shutdown()
    assert status == 1
    assert (figures(out)["misses"], figures(out)["wrong"]) == ("0", "64")


def test_a_server_that_is_not_there_is_a_failure():
    with socketserver.TCPServer(("127.0.0.1", 0), Liar) as server:
        url = f"resp://127.0.0.1:{server.server_address[1]}"
    status, out, err = run("--make", "scan", "--server", url)
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1 and "--server: after 0 requests: " in err
