"""Redis and Larder, side by side. Both are started on addresses of their own and stopped whatever happens."""

import contextlib
import functools
import pathlib
import sys
import tempfile

from wire import Connection, parse, request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from programs import BIN, Program  # noqa: E402  (the other folder's)

REDIS = "/usr/bin/redis-server"


class Server:
    """One of the two."""

    def __init__(self, name, address):
        self.name = name
        self.address = address
        self.ended_frame_otherwise = False  # than the other, as it may

    def connect(self):
        return Connection(self.address)

    def ask(self, *words):
        """The reply to one command on a connection of its own, taken apart."""
        connection = self.connect()
        try:
            replies = connection.exchange(request([word.encode() for word in words]), 1)
            assert replies, f"{self.name} does not answer {words}"
            return parse(replies[0])[0]
        finally:
            connection.close()

    def has(self):
        """The names of what it can do; subcommands as container|subcommand."""
        names = {name.value.decode().lower() for name in self.ask("COMMAND", "LIST").value}
        described = self.ask("COMMAND", "INFO", *sorted(name for name in names if "|" not in name))
        for command in described.value:
            if command.value and len(command.value) > 9:
                names |= {subcommand.value[0].value.decode().lower() for subcommand in command.value[9].value}
        return names


@contextlib.contextmanager
def running(name, options, ready, ends_cleanly):
    """The server that `ready` makes of the program. It ends with the block."""
    # Also if we are killed, where no `finally` runs.
    program = Program("/usr/bin/setpriv", ["--pdeathsig", "KILL", BIN / name, *options])
    try:
        yield ready(program)
        if ends_cleanly:
            program.stop()
    finally:
        if program.is_running:
            program.kill()


@contextlib.contextmanager
def redis(*options):
    with tempfile.TemporaryDirectory(prefix="larder-redis-") as folder:
        path = f"{folder}/socket"

        def ready(program):
            program.wait_for_line("ready to accept connections at")
            return Server("Redis", path)

        always = ["--port", 0, "--unixsocket", path, "--dir", folder, "--save", "", "--appendonly", "no",
                  "--enable-debug-command", "yes", "--logfile", "/dev/stderr"]
        with running(REDIS, [*always, *options], ready, ends_cleanly=False) as server:
            yield server


@contextlib.contextmanager
def larder(*options):
    def ready(program):
        return Server("Larder", tuple(program.wait_until_ready().address("resp")))

    # A spoiled command may have a long value for its key; Redis knows no limit but that of any argument.
    # Redis holds nobody back after wrong passwords.
    always = ["--listen", "resp://127.0.0.1:0", "--key-size-max", "512kb", "--login-delay-max", "0"]
    with running("larder-server", [*always, *options], ready, ends_cleanly=True) as server:
        yield server


@contextlib.contextmanager
def both():
    """A pair: Redis first."""
    with redis() as one, larder() as other:
        yield one, other


@functools.cache
def known():
    """The names of what Redis has, and of what Larder has."""
    with both() as (one, other):
        return one.has(), other.has()
