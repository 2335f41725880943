"""Fixtures that start programs of ours and stop them after the test. See programs.py for what they hand out."""

import socket

import pytest

from programs import Program, refusal_of_event_loop

STARTED = pytest.StashKey[list]()

EPHEMERAL = ["line://127.0.0.1:0", "resp://127.0.0.1:0", "http://127.0.0.1:0"]


@pytest.fixture
def start(request):
    """start(NAME, OPTION..., more of Program's): a program that nobody waits for yet. What still runs after the test is stopped
    and must end cleanly."""
    programs = request.node.stash.setdefault(STARTED, [])

    def start(name, *options, **more):
        programs.append(Program(name, options, **more))
        return programs[-1]

    yield start
    try:
        for program in reversed(programs):
            if program.is_running:
                program.stop()
    finally:
        for program in programs:
            if program.is_running:
                program.kill()


@pytest.fixture
def has_ipv6():
    """Skips what needs IPv6 where there is none."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")


@pytest.fixture
def start_server(start):
    """start_server(OPTION..., listen=[URL...], more of Program's): larder-server, ready, on ports that the kernel picks."""

    def start_server(*options, listen=EPHEMERAL, **more):
        listeners = [word for url in listen for word in ("--listen", url)]
        return start("larder-server", *listeners, *options, **more).wait_until_ready()

    return start_server


@pytest.fixture(params=["epoll", "io_uring"])
def event_loop(request):
    """The name of each event loop in turn; skipped, with the kernel's reason, where it is refused."""
    if refusal := refusal_of_event_loop(request.param):
        pytest.skip(refusal)
    return request.param


@pytest.fixture
def start_web(start):
    """start_web(CACHE, OPTION...): larder-web, ready, in front of the cache at this RESP address."""

    def start_web(cache, *options, listen="http://127.0.0.1:0", environment=None):
        options = ("--listen", listen, "--cache", cache, *options)
        return start("larder-web", *options, environment=environment).wait_until_ready()

    return start_web


@pytest.fixture
def server(start_server):
    """larder-server with its defaults but for the ports."""
    return start_server()


@pytest.fixture
def web(server, start_web):
    """larder-web in front of `server`."""
    return start_web(server.address("resp"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed:
        for program in item.stash.get(STARTED, []):
            report.sections.append((f"stderr of {program.name}", program.stderr[-20000:]))
