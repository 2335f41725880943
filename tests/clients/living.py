"""The common life that every client lives, and how a client tells what it saw.

Each is a program of its own. It is started with HOST PORT behind its arguments and writes a JSON object a line:

    {"client": "ioredis 5.11.1, RESP2, node v20.1.0"}         first, who it is
    {"check": "values"}                                       this part of its life went well
    {"check": "scan", "error": "ERR unknown command"}         this one did not
    {"restart": true}                                         asks for a restart of the server; a line on stdin follows it

It goes on after a check that failed, says nothing else and exits with 0.
"""

import json
import subprocess
import threading

from programs import PATIENCE_S, Program

# What a client of Redis does all day. A program may have more checks, never fewer.
LIFE = {
    "connect": "under a name, in the version of RESP asked for; PING, ECHO",
    "values": "SET GET DEL with text, UTF-8, all bytes, nothing and a megabyte; NX XX GET; parts of values",
    "expiry": "set with the value and later, read, taken away; a key really goes",
    "many": "MSET MGET MSETNX, several keys in DEL UNLINK EXISTS TOUCH",
    "numbers": "INCR and its family",
    "pool": "several connections at once lose no increment",
    "pipeline": "a thousand commands with an error among them",
    "transaction": "MULTI EXEC DISCARD, a WATCH that sees a change and one that sees none",
    "scan": "SCAN with MATCH, COUNT and TYPE finds every key once it is over; KEYS",
    "keys": "TYPE RENAME RENAMENX COPY RANDOMKEY DBSIZE OBJECT MEMORY",
    "databases": "SELECT keeps them apart; MOVE; FLUSHDB leaves the others alone",
    "clients": "CLIENT SETNAME GETNAME ID LIST KILL",
    "server": "INFO, CONFIG GET and SET, COMMAND, TIME, as clients parse them",
    "errors": "each with the text that clients look for; the connection goes on",
    "reconnect": "after the server's restart on the same port the same client object goes on",
}

# Who ran, for the end of pytest's output.
seen = []


class Cache:
    """larder-server, to be restarted on its own port."""

    def __init__(self, *options):
        self._options = options
        self._start("resp://127.0.0.1:0")
        self.host, self.port = self._server.address("resp")

    def _start(self, url):
        self._server = Program("larder-server", ["--listen", url, *self._options]).wait_until_ready()

    def stop(self):
        """Asks it to stop, and checks that it does so cleanly."""
        self._server.stop()

    def restart(self):
        self.stop()
        self._start(f"resp://{self.host}:{self.port}")

    def kill(self):
        """Whatever happened before."""
        self._server.kill()

    @property
    def stderr(self):
        return self._server.stderr


def live(cache, command, checks=LIFE):
    """Runs a client's program, restarts the server when it asks, and asserts that all its checks went well."""
    errors, passed, noise, name = {}, [], [], command[0]
    with subprocess.Popen([*command, cache.host, str(cache.port)], text=True, errors="replace", stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        watchdog = threading.Timer(2 * PATIENCE_S, process.kill)
        watchdog.start()
        try:
            for line in process.stdout:
                try:
                    said = json.loads(line)
                    assert isinstance(said, dict)
                except (ValueError, AssertionError):
                    noise.append(line)
                    continue
                if "client" in said:
                    name = said["client"]
                    seen.append(name)
                elif "restart" in said:
                    cache.restart()
                    process.stdin.write("again\n")
                    process.stdin.flush()
                elif "error" in said:
                    errors[said["check"]] = said["error"]
                else:
                    passed.append(said["check"])
        finally:
            watchdog.cancel()
            process.kill()
    report = "\n".join([f"{name}: {len(errors)} checks failed"] + [f"{check}: {error}" for check, error in errors.items()])
    assert not errors, report
    # What it stood in when it was stopped is the first of these that is missing.
    assert set(checks) <= set(passed), f"{name} passed only {passed}, then exit status {process.returncode}:\n{''.join(noise)}"
    assert not noise, f"{name} said:\n{''.join(noise)}"
    assert process.returncode == 0, f"{name} exited with {process.returncode}"
