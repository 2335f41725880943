"""Starts our programs for tests and stops them again. Everything is waited for, nothing slept for."""

import os
import pathlib
import signal
import subprocess
import threading

BIN_DIR = pathlib.Path(os.environ.get("LARDER_BIN_DIR", pathlib.Path(__file__).parents[2] / "build/dev/bin"))
START_TIMEOUT_S = 30


class Program:
    """A running program of ours, from its `ready URL ...` line on.

    `urls` are the addresses it printed; `log` is what it has written to standard error so far.
    """

    def __init__(self, name, *arguments, environment=None):
        variables = {key: value for key, value in os.environ.items() if not key.startswith("LARDER_")}
        variables.update(environment or {})
        self.process = subprocess.Popen(
            [BIN_DIR / name, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env=variables)
        self.urls = []
        self.log = []
        self._is_ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._is_ready.wait(START_TIMEOUT_S) or not self.urls:
            self.kill()
            raise AssertionError(f"{name} did not get ready:\n" + "".join(self.log))

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)
            words = line.split()
            if "ready" in words and not self.urls:
                self.urls = words[words.index("ready") + 1:]
                self._is_ready.set()
        self._is_ready.set()  # ended without getting there

    def port(self, scheme):
        """The port behind the first address of that scheme."""
        return next(int(url.rsplit(":", 1)[1]) for url in self.urls if url.startswith(scheme + "://"))

    def stop(self, signal_number=signal.SIGTERM, timeout=30):
        """Asks it to stop and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self._wait(timeout)

    def kill(self):
        """As a crash would."""
        self.process.kill()
        self._wait(30)

    def _wait(self, timeout):
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        self.process.stderr.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.kill()


def start_cache(port=0, *arguments):
    """larder-server with RESP only, on a port of its choice or on this one."""
    return Program("larder-server", "--listen", f"resp://127.0.0.1:{port}", *arguments)
