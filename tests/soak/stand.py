"""One server under soak: the server, its fault proxy and the processes of its clients; and what is measured of it.

Threads: all calls from one. Everything that is started here ends with close(), or when we are killed.
"""

import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import typing

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from connect import Stream  # noqa: E402
from oracle import Violation  # noqa: E402
from programs import BIN, PATIENCE_S, Program, resident_size  # noqa: E402  (the other folder's)
from settings import DUTIES, PROTOCOLS, Settings, counter, duty_counter  # noqa: E402
from text_clients import authorization, read_response  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SCHEMES = ("resp", "line", "http")
MEMORY = "64mb"
PROCESS_COUNT = 2
DRIVERS_EACH = 6

# If we are killed no `finally` runs.
DIE_WITH_US = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]


class Sample(typing.NamedTuple):
    """The server at one time."""

    at_s: float  # since the start
    resident_size: int  # bytes
    descriptor_count: int
    thread_count: int
    request_count: int  # answered, since the start


def way_to(address):
    """What a Route holds of it."""
    return address.path or list(address)


class Stand:
    """A server over this event loop, with a folder of its own. `access` (access.py) says how clients get in; `options` come last on
    its command line."""

    def __init__(self, event_loop, seed, folder, access, options):
        self.name, self._access, self._folder = event_loop, access, folder
        self._rng = random.Random(f"{seed} {event_loop} stand")
        self._workers, self._incarnations = [], []
        self.kills, self.samples, self.proxy_counts = 0, [], {}
        self.started = time.monotonic()
        sockets = {scheme: str(self._folder / scheme) for scheme in SCHEMES}
        listeners = access.listeners(SCHEMES, sockets)
        command = [*DIE_WITH_US, BIN / "larder-server", "--event-loop", event_loop, "--workers", 2, *access.server_options()]
        for listener in listeners:
            command += ["--listen", listener]
        memory = () if "--memory" in options else ("--memory", MEMORY)
        self.server = Program(command[0], [*command[1:], *memory, *options], log=folder / "log").wait_until_ready()
        self.at_start = self.sample()
        administrator_routes = [access.route(address.scheme, way_to(address), True, is_administrator=True)
                                for address in self.server.addresses]
        self._settings = Settings(str(self._folder), seed, event_loop, self._routes(seed), administrator_routes,
                                  PROCESS_COUNT * DRIVERS_EACH, DRIVERS_EACH, self.server.process.pid)
        self._table = self._settings.open_table(create=True)
        (self._folder / "settings").write_text(json.dumps(self._settings), encoding="utf-8")
        for number in range(PROCESS_COUNT):
            self._incarnations.append(0)
            self._workers.append(self._start_worker(number))
        self._others = {"the administrator": self._start("administrator.py", self._folder / "settings")}
        if self._settings.renewals:
            self._others["the renewal"] = self._start("renewal.py", self._folder / "settings", BIN / "larder-server")

    def _routes(self, seed):
        """Every address of the server, through the proxy and without it."""
        direct = list(map(way_to, self.server.addresses))
        pairs = [(str(self._folder / f"proxy{index}") if isinstance(back, str) else ["127.0.0.1", 0], back)
                 for index, back in enumerate(direct)]
        self._proxy = self._start("fault_proxy.py", str(seed), json.dumps(pairs), stdout=subprocess.PIPE, text=True)
        proxied = json.loads(self._proxy.stdout.readline())
        routes = []
        for address, ways in zip(self.server.addresses, zip(direct, proxied, strict=True), strict=True):
            for is_direct, way in zip((True, False), ways, strict=True):
                routes.append(self._access.route(address.scheme, way, is_direct))
        return routes

    def _start_worker(self, number):
        return self._start("worker.py", self._folder / "settings", str(number), str(self._incarnations[number]))

    @staticmethod
    def _start(program, *arguments, **options):
        return subprocess.Popen([*DIE_WITH_US, sys.executable, HERE / program, *arguments], **options)

    def kill_a_worker(self):
        """One process of clients is gone without a word; another takes its keys."""
        number = self._rng.randrange(PROCESS_COUNT)
        self._workers[number].kill()
        self._workers[number].wait()
        self.kills += 1
        self._incarnations[number] += 1
        self._workers[number] = self._start_worker(number)

    # What is seen

    def sample(self):
        """Measures the server, or raises OSError if it is gone."""
        process = pathlib.Path(f"/proc/{self.server.process.pid}")
        requests = sum(self.count(name, "requests") for name in PROTOCOLS) if self.samples else 0
        return Sample(time.monotonic() - self.started, resident_size(self.server.process.pid), len(os.listdir(process / "fd")),
                      len(os.listdir(process / "task")), requests)

    def take_sample(self):
        self.samples.append(self.sample())

    def count(self, protocol, what):
        """Over all drivers."""
        counts = [self._table.counter(counter(driver, protocol, what)) for driver in range(PROCESS_COUNT * DRIVERS_EACH)]
        return max(counts) if what == "latest_us" else sum(counts)

    def duties(self):
        """How often the administrator did what."""
        return {duty: self._table.counter(duty_counter(duty, self._settings.driver_count)) for duty in DUTIES}

    def renewals(self):
        """How often what was replaced under the server."""
        return {name: self._table.counter(duty_counter(name, self._settings.driver_count)) for name in self._settings.renewals}

    def violations(self):
        """All that the clients have found."""
        if not self._settings.violations_path.exists():
            return []
        lines = self._settings.violations_path.read_text(encoding="utf-8").splitlines()
        return [Violation(*json.loads(line)) for line in lines]

    @property
    def violation_count(self):
        path = self._settings.violations_path
        return path.read_bytes().count(b"\n") if path.exists() else 0

    # The end

    def stop_clients(self):
        """Lets the requests under way finish; then the proxy ends too."""
        processes = dict(self._others)  # first: the administrator may be reading what the clients do
        processes |= {f"client process {number}": worker for number, worker in enumerate(self._workers)}
        for process in processes.values():
            process.terminate()
        failures = []
        for name, process in processes.items():
            try:
                if status := process.wait(2 * PATIENCE_S):
                    failures.append(f"{self.name}: {name} ended with status {status}")
            except subprocess.TimeoutExpired:
                failures.append(f"{self.name}: {name} did not end")
                process.kill()
        self._proxy.send_signal(signal.SIGTERM)
        self.proxy_counts = json.loads(self._proxy.communicate(timeout=PATIENCE_S)[0])
        return failures

    def settle(self):
        """Waits until the server has closed what it closes, and samples it then."""
        until = time.monotonic() + 2 * PATIENCE_S
        while True:
            sample = self.sample()
            if sample.descriptor_count <= self.at_start.descriptor_count or time.monotonic() > until:
                return sample
            time.sleep(0.1)

    def read_stats(self):
        """The server's own figures."""
        route = next(route for route in self._settings.administrator_routes if route.protocol == "http")
        with contextlib.closing(Stream(route)) as stream:
            stream.send(f"GET /v1/stats HTTP/1.1\r\nHost: soak\r\n{authorization(route)}\r\n".encode())
            return json.loads(read_response(stream)[1])

    def close(self):
        for process in (*self._workers, *self._others.values(), self._proxy):
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.server.is_running:
            self.server.kill()
