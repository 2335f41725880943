"""What the programs were compiled with: cmake/Hardening.cmake, seen from outside.

Goal: no preset, room or library takes the hardening away. Method: readelf and objdump on the programs that were built.
"""

import os
import pathlib
import platform
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("LARDER_BIN_DIR", ROOT / "build/release/bin"))
PROGRAMS = ["larder-server", "larder-web", "larder-bench", "larder-replay"]

pytestmark = pytest.mark.parametrize("program", [name for name in PROGRAMS if (BIN / name).exists()])


def readelf(program, *options):
    return subprocess.check_output(["readelf", "--wide", *options, BIN / program], text=True)


def imported(program):
    """Names of functions that the program takes from shared libraries."""
    return set(re.findall(r" UND (\w+)", readelf(program, "--dyn-syms")))


def test_it_is_loaded_at_a_random_address(program):
    assert re.search(r"Type:\s+DYN", readelf(program, "--file-header"))
    assert re.search(r"FLAGS_1.*\bPIE\b", readelf(program, "--dynamic"))


def test_what_the_loader_has_filled_in_is_read_only(program):
    assert "GNU_RELRO" in readelf(program, "--program-headers")
    assert re.search(r"\(FLAGS\).*\bBIND_NOW\b", readelf(program, "--dynamic"))


def test_nothing_can_be_written_and_run(program):
    headers = re.findall(r"^\s+(\w+)\s+(?:0x\w+\s+){5}([RWE ]{3})", readelf(program, "--program-headers"), re.MULTILINE)
    assert ("GNU_STACK", "RW ") in headers
    assert [header for header in headers if "W" in header[1] and "E" in header[1]] == []
    assert "TEXTREL" not in readelf(program, "--dynamic")


def test_a_buffer_that_overflows_ends_it(program):
    names = imported(program)
    if any(name.startswith(("__asan_", "__tsan_")) for name in names):
        pytest.skip("sanitizers look at the same calls themselves")
    assert "__stack_chk_fail" in names
    assert [name for name in names if name.endswith("_chk")], "no call of libc is checked"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="CET is x86's")
def test_returns_and_indirect_branches_are_held_to_their_targets(program):
    assert "SHSTK" in readelf(program, "--notes")
    main = subprocess.check_output(
        ["objdump", "--disassemble=main", "--no-show-raw-insn", BIN / program], text=True
    )
    assert re.search(r"<main>:\n\s+\w+:\s+endbr64", main), "no target of indirect branches"
