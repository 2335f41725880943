"""What a user of the client library does: install it, build a program against nothing but the installed tree, run it.

Method: the library goes into an empty prefix; examples/client is copied out of the repository, built through
find_package() and through pkg-config, and run against a larder-server.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

from programs import BIN, ROOT

BUILD = BIN.parent


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def cached(name):
    """A value of the build's CMake cache."""
    for line in (BUILD / "CMakeCache.txt").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split("=", 1)[1]
    return ""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", BUILD, "--prefix", folder, "--component", "larder-client")
    # Moved after the installation: nothing in it may know where it was put.
    return shutil.move(folder, folder.with_name("moved"))


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return shutil.copytree(ROOT / "examples/client", tmp_path_factory.mktemp("source") / "client")


@pytest.fixture
def cache(start_server):
    return start_server(listen=["resp://127.0.0.1:0"])


def flags():
    """Those that an archive of this build needs at the link: sanitizers."""
    kind = cached("CMAKE_BUILD_TYPE")
    return [flag for flag in cached(f"CMAKE_CXX_FLAGS_{kind.upper()}").split() if flag.startswith("-fsanitize=")]


def test_find_package_finds_all_that_the_example_needs(prefix, example, cache, tmp_path):
    run("cmake", "-G", "Ninja", "-S", example, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={cached('CMAKE_CXX_COMPILER')}",
        f"-DCMAKE_CXX_FLAGS={' '.join(['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion', '-Werror', *flags()])}")
    run("cmake", "--build", tmp_path)
    assert run(tmp_path / "larder-client-example", cache.address("resp")).splitlines()[-1] == "done"


def test_pkg_config_names_all_that_the_example_needs(prefix, example, cache, tmp_path):
    [folder] = {path.parent for path in pathlib.Path(prefix).rglob("larder-client.pc")}
    environment = {**os.environ, "PKG_CONFIG_LIBDIR": str(folder)}
    words = run("pkg-config", "--cflags", "--libs", "larder-client", env=environment).split()
    program = tmp_path / "program"
    run(cached("CMAKE_CXX_COMPILER"), "-std=c++23", *flags(), example / "main.cc", *words, "-o", program)
    assert run(program, cache.address("resp")).splitlines()[-1] == "done"

    cache.stop()
    done = subprocess.run([program, str(cache.address("resp"))], capture_output=True, text=True)
    assert done.returncode == 1 and "cannot connect" in done.stderr


def test_a_later_version_is_asked_for_in_vain(prefix, example, tmp_path):
    project = example.with_name("later")
    shutil.copytree(example, project)
    lists = project / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("find_package(Larder 0.1 ", "find_package(Larder 0.999 "))
    done = subprocess.run(["cmake", "-G", "Ninja", "-S", project, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}"],
                          capture_output=True, text=True)
    assert done.returncode != 0 and "0.999" in done.stderr
