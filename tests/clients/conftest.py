"""A cache for every test, and at the end the list of clients that ran."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from living import Cache, seen  # noqa: E402


@pytest.fixture
def cache():
    """larder-server with its defaults, on a port that the kernel picks; cache.restart() takes the same one again."""
    cache = Cache()
    try:
        yield cache
        cache.stop()
    finally:
        cache.kill()


def pytest_terminal_summary(terminalreporter):
    if seen:
        terminalreporter.section("clients that ran")
        for name in seen:
            terminalreporter.line(name)
