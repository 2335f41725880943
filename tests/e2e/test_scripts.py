"""script/server, after the set-up of script/test.

Goal: the daemons that tests need do not stand in its way, it stops cleanly on Ctrl-C, and a busy port says what to do.
Method: run it as a user does, on the default ports where they are free, and type what it prints.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FREE = ["--web-listen", "http://127.0.0.1:0", "--"]
FREE += ["--listen", "line://127.0.0.1:0", "--listen", "resp://127.0.0.1:0", "--listen", "http://127.0.0.1:0"]
DEFAULT_PORTS = [9999, 6379, 11211, 8080, 5000]


@pytest.fixture
def script_server(tmp_path):
    """Starts script/server with these arguments; SIGINT is as on a terminal. Killed if the test leaves it running."""
    started = []
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LARDER_")}
    log = tmp_path / "stderr"

    def start(*arguments):
        with log.open("w", encoding="utf-8") as stderr:
            command = ["env", "--default-signal=INT", "script/server", *arguments]
            pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": stderr, "text": True}
            started.append(subprocess.Popen(command, cwd=ROOT, env=environment, **pipes))
        started[-1].log = log
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()


def lines_to_try(process):
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if "Ctrl-C stops both" in line:
            return lines
    raise AssertionError(process.log.read_text(encoding="utf-8"))


def busy_ports():
    busy = []
    for port in DEFAULT_PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                busy.append(port)
    return busy


def typed(line):
    """What a shell answers to a line."""
    environment = {**os.environ, "no_proxy": "*"}
    return subprocess.run(["bash", "-c", line], env=environment, stdout=subprocess.PIPE, timeout=30).stdout


def try_and_stop(process):
    commands = [line for line in lines_to_try(process) if line.startswith(("curl", "printf"))]
    answers = [typed(line) for line in commands]
    assert answers[:2] == [b"OK\n", b"v1"], process.log.read_text(encoding="utf-8")
    assert "| nc " in commands[2] and answers[2] == b"v1\r\nEND\r\n"
    assert commands[3].endswith("/v1/stats") and b'"hits"' in answers[3]

    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0, process.log.read_text(encoding="utf-8")
    ports = re.findall(r"://[^ ]*?:(\d+)", process.log.read_text(encoding="utf-8"))
    assert ports
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(port))) != 0, f"port {port} still answers"
    return commands


def test_ctrl_c_right_after_the_start_is_not_lost(script_server):
    # The script turns from printing to waiting at this moment; a signal that fell between the two was once forgotten.
    for _ in range(10):
        process = script_server(*FREE)
        lines_to_try(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, process.log.read_text(encoding="utf-8")


def test_help_of_the_server_passes_through(script_server):
    process = script_server("--", "--help")
    assert process.wait(timeout=60) == 0
    assert "Usage: larder-server" in process.stdout.read()
    assert "did not start" not in process.log.read_text(encoding="utf-8")


def test_the_lines_it_prints_work_and_ctrl_c_stops_both(script_server):
    try_and_stop(script_server(*FREE))


def test_the_default_ports_are_free_after_set_up(script_server):
    if busy := busy_ports():
        pytest.skip(f"something of this machine's own listens on {busy}")
    commands = try_and_stop(script_server())
    assert commands[0] == 'curl -d "k1=v1" -d "k2=v2" -X POST http://0.0.0.0:5000/api/storage/'
    assert commands[1] == "curl -X GET http://0.0.0.0:5000/api/storage/\\?key\\=k1"


@pytest.mark.parametrize("option", ["--listen", "--web-listen"])
def test_a_busy_port_names_itself_and_the_option_that_moves_it(script_server, option):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        if option == "--listen":
            process = script_server("--", "--listen", f"resp://127.0.0.1:{port}")
        else:
            process = script_server("--web-listen", f"http://127.0.0.1:{port}", *FREE[2:])
        assert process.wait(timeout=60) == 1
    said = process.log.read_text(encoding="utf-8")
    assert f":{port}" in said and option in said


def test_when_one_program_dies_the_other_is_stopped_and_the_status_says_so(script_server):
    process = script_server(*FREE)
    lines_to_try(process)
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    programs = {pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip(): int(pid) for pid in children}
    os.kill(programs["larder-web"], signal.SIGKILL)
    assert process.wait(timeout=60) == 128 + signal.SIGKILL
    assert "larder-web ended by itself" in process.log.read_text(encoding="utf-8")
    assert not pathlib.Path(f"/proc/{programs['larder-server']}").exists()
