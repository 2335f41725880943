"""The soak test, for two minutes; and that it would notice.

Goal: what script/soak reports is true, and what is wrong it reports. Method: a server that tells one kind of lie now and then
(liar.py) must be found out, as that; the same server without a lie must not. On a real server, somebody else stores lies under the
keys, which must be seen over every protocol. Certificates and users that are not replaced as they were to be must be noticed, and leaks
that are planted in what was measured. Then the real thing, with seeds and faults as in the hour.
"""

import pathlib
import random
import re
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/soak"), str(ROOT / "tests/e2e")]

import connect  # noqa: E402
import keyspace  # noqa: E402
import values  # noqa: E402
import verdict  # noqa: E402
from access import Access  # noqa: E402
from connect import Route, Stream  # noqa: E402
from driver import Driver  # noqa: E402
from liar import LIES, Liar  # noqa: E402
from programs import BIN, Program  # noqa: E402
from renewal import Renewal, Wrong  # noqa: E402
from resp_client import RespClient  # noqa: E402
from settings import PROTOCOLS, Settings, counter  # noqa: E402
from stand import Sample, way_to  # noqa: E402

SEED = 20
REQUESTS_MAX = 5_000
MIB = 1 << 20


class Trial:
    """A driver that runs until it has found something, or has made so many requests."""

    def __init__(self, folder, routes, protocols=tuple(PROTOCOLS)):
        settings = Settings(str(folder), SEED, "trial", routes, [], 1, 1)
        self.table = settings.open_table(create=True)
        self.found, self._protocols = [], protocols
        self._driver = Driver(0, settings, random.Random(SEED), self.table, self.found.append, self.is_over, protocols)

    @property
    def request_count(self):
        return sum(self.table.counter(counter(0, name, "requests")) for name in self._protocols)

    def is_over(self):
        return bool(self.found) or self.request_count >= REQUESTS_MAX

    def run(self):
        self._driver.run()
        return self


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_and_named(lie, tmp_path):
    with Liar(lie, SEED) as liar:
        trial = Trial(tmp_path, [Route("resp", liar.address, is_direct=True)]).run()
    assert trial.found, f"{trial.request_count} requests, and nothing was found"
    assert trial.found[0].sort in LIES[lie], trial.found[0]


def test_nothing_is_found_where_the_truth_is_told(tmp_path):
    with Liar("", SEED) as liar:
        trial = Trial(tmp_path, [Route("resp", liar.address, is_direct=True)]).run()
    assert trial.found == []
    assert trial.request_count >= REQUESTS_MAX


@pytest.fixture
def server(tmp_path):
    """A real one, with one worker, at Unix sockets."""
    listeners = [word for scheme in ("resp", "line", "http") for word in ("--listen", f"{scheme}+unix://{tmp_path}/{scheme}")]
    program = Program("larder-server", [*listeners, "--memory", "64mb", "--workers", 1]).wait_until_ready()
    yield program
    if program.is_running:
        program.kill()


def sabotage(route, is_over):
    """Stores what nobody of the test has sent, under all small keys, over and over."""
    client = RespClient(Stream(route), 2)
    while not is_over():
        for key in range(keyspace.FIRST[keyspace.Kind.SMALL], keyspace.FIRST[keyspace.Kind.SMALL] + 50):
            client.command(b"SET", keyspace.name(key), values.record(key + 1, 1, 100))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_lie_is_seen_over_every_protocol(protocol, server, tmp_path):
    routes = [Route(address.scheme.split("+")[0], address.path, is_direct=True) for address in server.addresses]
    trial = Trial(tmp_path, routes, [protocol])
    saboteur = threading.Thread(target=sabotage, args=(routes[0], trial.is_over))
    saboteur.start()
    trial.run()
    saboteur.join()
    assert {violation.sort for violation in trial.found} == {"wrong key"}
    assert trial.found[0].protocol == protocol
    server.stop()


@pytest.fixture
def renewal(tmp_path, monkeypatch):
    """That of a server with TLS and users; nobody waits for long."""
    access = Access(BIN / "larder-server", tmp_path, with_tls=True, with_users=True)
    listeners = access.listeners(("resp", "line"), {scheme: tmp_path / scheme for scheme in ("resp", "line")})
    options = [*access.server_options(), *(word for listener in listeners for word in ("--listen", listener))]
    program = Program("larder-server", options, log=tmp_path / "log").wait_until_ready()
    monkeypatch.setattr(connect, "PATIENCE_S", 2)
    routes = [access.route(address.scheme, way_to(address), True, is_administrator=True) for address in program.addresses]
    settings = Settings(str(tmp_path), SEED, "trial", [], routes, 1, 1, program.process.pid)
    yield Renewal(settings, settings.open_table(create=True), random.Random(SEED), BIN / "larder-server")
    program.stop()


def test_a_guest_who_has_gone_and_is_served_is_noticed(renewal, monkeypatch):
    renewal.guest()
    put = renewal._users.put
    monkeypatch.setattr(renewal._users, "put", lambda *sections: put(*sections[:1], renewal._sections[0]))
    with pytest.raises(Wrong, match="the connection of the guest over RESP2 is not closed"):
        renewal.guest()


def test_a_certificate_that_is_not_the_new_one_is_noticed(renewal, monkeypatch):
    renewal.certificate()
    old, put = renewal._pair, renewal._certificates.put
    monkeypatch.setattr(renewal._certificates, "put", lambda *_: put(*old))
    with pytest.raises(Wrong, match="not the certificate that was put there"):
        renewal.certificate()


def samples(resident=lambda at_s: 80 * MIB, descriptors=20, threads=3, seconds=100):
    return [Sample(at_s, resident(at_s), descriptors, threads, at_s * 1000) for at_s in range(1, seconds + 1)]


def test_memory_that_grows_is_reported_and_memory_that_varies_is_not():
    assert verdict.of_memory(samples()) == []
    assert verdict.of_memory(samples(lambda at_s: (80 + at_s % 7) * MIB)) == []
    assert "grows" in verdict.of_memory(samples(lambda at_s: (80 + at_s / 2) * MIB))[0]


def an_hour(seed, grown_by):
    """Memory as an hour's run shows it: the limit moves every few seconds, values of megabytes come and go."""
    rng, limit = random.Random(seed), [70]

    def resident(at_s):
        if rng.random() < 0.2:
            limit[0] = rng.uniform(58, 78)
        return int((limit[0] + rng.gauss(0, 7) + grown_by(at_s / 3600)) * MIB)

    return samples(resident, seconds=3600)


@pytest.mark.parametrize("seed", range(5))
def test_an_hour_tells_a_slow_leak_from_noise(seed):
    assert verdict.of_memory(an_hour(seed, lambda part: 0)) == []
    assert verdict.of_memory(an_hour(seed, lambda part: 12 * (part > 0.5))) == []  # once, and no more: a heap has spread
    assert verdict.of_memory(an_hour(seed, lambda part: 20 * min(part, 0.25))) == []  # until it is full
    (failure,) = verdict.of_memory(an_hour(seed, lambda part: 20 * part))
    assert failure.startswith("resident memory grows all the while")
    likely = verdict.trend(an_hour(seed, lambda part: 20 * part)).likely
    assert abs(likely / MIB - 15) < 5


def test_a_short_run_claims_no_trend():
    for seconds in (4, 10, 30):
        assert verdict.of_memory(samples(lambda at_s: (80 + at_s / 10) * MIB, seconds=seconds)) == []


def test_a_leak_is_reported():
    (start, *_), (leaky, *_) = samples(), samples(descriptors=21, threads=4)
    assert verdict.of_leaks(start, start) == []
    assert verdict.of_leaks(start, leaky) == ["descriptors: 20 before the first client, 21 after the last",
                                              "threads: 3 before the first client, 4 after the last"]


def test_an_error_in_the_log_is_reported_and_so_is_what_never_happened():
    good, bad = "2026-01-01T00:00:00.000Z info  stopped\n", "2026-01-01T00:00:00.000Z error no memory\n"
    assert verdict.of_log(good) == []
    assert verdict.of_log(good + bad + "==1==ERROR: AddressSanitizer\n") == [f"the server's log: {line}" for line in (
        bad.strip(), "==1==ERROR: AddressSanitizer")]
    bad_pair = "2026-01-01T00:00:00.000Z error TLS: the key 'k' cannot be used; new connections get what was there before\n"
    assert verdict.of_log(good + bad_pair, bad_pair_count=1) == []
    assert "0 bad pairs were put there, and 1 are told of" in verdict.of_log(bad_pair)[0]
    assert "2 bad pairs were put there, and 1 are told of" in verdict.of_log(bad_pair, bad_pair_count=2)[0]
    assert verdict.of_coverage({"proxy: cut": 0, "proxy: stall": 1}) == ["proxy: cut never happened"]


def script_soak(*arguments):
    return subprocess.run([ROOT / "script/soak", *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)


def test_two_minutes_of_it_hold(tmp_path):
    report = tmp_path / "soak.md"
    run = script_soak("--minutes", 2, "--report", report)
    assert run.returncode == 0, run.stderr[-10_000:]
    page = report.read_text(encoding="utf-8")
    assert "**All held.**" in page
    assert re.search(r"^\| WebSocket binary \| [\d,]{4,} \|", page, re.MULTILINE)
    assert "</svg>" in (tmp_path / "soak.svg").read_text(encoding="utf-8")
