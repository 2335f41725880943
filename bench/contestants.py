"""The servers that are measured side by side: each on one core, on a port of loopback that was free."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

from programs import PATIENCE_S, Program, resident_size  # noqa: E402

CORES = sorted(os.sched_getaffinity(0))


def on_cores(*indexes):
    """For preexec_fn: the process keeps to these of the cores that there are."""
    return lambda: os.sched_setaffinity(0, {CORES[index % len(CORES)] for index in indexes})


class Contestant:
    """A process that serves `url`; `options` are what larder-bench needs for it."""

    def __init__(self, pid, url, options=()):
        self.pid, self.url, self.options = pid, url, options

    def processor_s(self):
        """What all its threads that still run have had of a processor so far: user and system time, to the nanosecond."""
        tasks = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9

    def resident_mib(self):
        return resident_size(self.pid) / (1 << 20)


@contextlib.contextmanager
def larder(loop, memory="1gb", workers=1, cores=(0,), tls=None):
    """`tls`: certificates.Authority and the server's certificates.Pair."""
    scheme = "resp+tls" if tls else "resp"
    options = ["--listen", f"{scheme}://127.0.0.1:0", "--workers", workers, "--memory", memory, "--event-loop", loop]
    if tls:
        options += ["--tls-cert", tls[1].certificate, "--tls-key", tls[1].key]
    server = Program("larder-server", options, before=on_cores(*cores)).wait_until_ready()
    try:
        yield Contestant(server.process.pid, server.address(scheme).url, client_options(tls))
        server.stop()
    finally:
        server.kill()


@contextlib.contextmanager
def null(loop, value_size, values):
    server = Program("null_responder", [loop, "--value-size", value_size, "--values", values], before=on_cores(0)).wait_until_ready()
    try:
        yield Contestant(server.process.pid, server.address("resp").url)
    finally:
        server.kill()


def client_options(tls):
    return ("--tls-ca", tls[0].ca.certificate) if tls else ()


@contextlib.contextmanager
def daemon(scheme, command, port_option, options=()):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with subprocess.Popen([*command, port_option, str(port)], preexec_fn=on_cores(0), stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(process, port)
            yield Contestant(process.pid, f"{scheme}://127.0.0.1:{port}", options)
        finally:
            process.kill()


def wait_for(process, port):
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    sys.exit(f"{process.args[0]} does not answer on port {port}")


def redis(tls=None):
    command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    if not tls:
        return daemon("resp", command, "--port")
    authority, pair = tls
    command += ["--port", "0", "--tls-cert-file", pair.certificate, "--tls-key-file", pair.key, "--tls-ca-cert-file", authority.ca.certificate]
    return daemon("resp+tls", [*command, "--tls-auth-clients", "no"], "--tls-port", client_options(tls))


def memcached():
    return daemon("memcached", ["memcached", "-l", "127.0.0.1", "-u", "nobody", "-t", "1", "-m", "1024", "-c", "2048"], "-p")
