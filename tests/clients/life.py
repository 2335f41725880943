"""What the Python programs here share, as life.mjs does for node. How a program tells what it saw, in living.py."""

import json
import pathlib
import platform
import sys
import time
import traceback
import unittest

EVERY_BYTE = bytes(range(256))

raises = unittest.TestCase().assertRaisesRegex


def equal(got, wanted):
    assert got == wanted, f"{got!r:.300} instead of {wanted!r:.300}"


def _say(what):
    print(json.dumps(what), flush=True)


def introduce(client, version):
    _say({"client": f"{client}, {version}, python {platform.python_version()}"})


def checks(before):
    """The decorator that has the function below it run at once, as this check; before() is called first."""

    def check(name):
        def run(body):
            try:
                before()
                body()
                _say({"check": name})
            except Exception as error:
                # Of all the places that it came through, the last one in the program itself.
                program = pathlib.Path(sys.argv[0]).name
                here = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
                        if pathlib.Path(frame.filename).name == program]
                place = f"{program}:{here[-1]}"
                _say({"check": name, "error": f"{type(error).__name__}: {error} ({place})"})
            return body

        return run

    return check


def restart():
    """Returns when the server is there again."""
    _say({"restart": True})
    if not sys.stdin.readline():
        sys.exit("whoever started this is gone")


def until(answer):
    """Asks until the answer is true: for what time alone brings about."""
    deadline = time.monotonic() + 10
    while not answer():
        assert time.monotonic() < deadline, "never true"
