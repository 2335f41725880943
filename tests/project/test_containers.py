"""The containers as far as they can be held to account without an engine.

Goal: docker-compose.yml and the Dockerfile say what the README promises. Method: read the YAML and hold each promise
against it; lint both files; ask the loader which libraries the release programs need and dpkg whose they are.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
BIN = pathlib.Path(os.environ.get("LARDER_BIN_DIR", ROOT / "build/release/bin"))


def stages():
    """The Dockerfile's stages: name to (base, text)."""
    parts = re.split(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)
    return {name: (base, text) for base, name, text in zip(parts[1::3], parts[2::3], parts[3::3])}


def packages(group):
    lines = (ROOT / "script/packages" / group).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if not line.startswith("#")}


def test_compose_has_no_version_key_and_three_services():
    assert set(COMPOSE) == {"services"}
    assert set(COMPOSE["services"]) == {"server", "client", "test"}


def test_every_service_is_built_from_the_one_dockerfile():
    for name, service in COMPOSE["services"].items():
        assert set(service["build"]) == {"context", "target"}, name
        assert service["build"]["context"] == "."
        assert service["build"]["target"] in stages()
        assert "image" not in service


def test_the_stages_start_from_bookworm_slim():
    bases = {base for base, _ in stages().values()}
    assert bases - set(stages()) == {"debian:bookworm-slim"}


def test_the_stages_call_the_scripts():
    assert "RUN script/setup build\n" in stages()["build"][1]
    assert "RUN script/build\n" in stages()["build"][1]
    assert "RUN script/setup build try test\n" in stages()["test"][1]
    assert "/script/setup run" in stages()["runtime"][1]
    assert "apt-get" not in DOCKERFILE


def test_what_cmake_requires_is_among_the_packages_that_build():
    """script/build configures everything, so the image and script/server need it all before the first program."""
    required = set()
    for path in [ROOT / "CMakeLists.txt", *(ROOT / "src").rglob("CMakeLists.txt")]:
        required |= set(re.findall(r"find_package\((\w+)", path.read_text(encoding="utf-8")))
    package_of = {
        "Boost": "libboost1.81-dev",
        "CLI11": "libcli11-dev",
        "GTest": "libgtest-dev",
        "OpenSSL": "libssl-dev",
        "PkgConfig": "pkg-config",
        "Threads": "g++",
        "fmt": "libfmt-dev",
        "nlohmann_json": "nlohmann-json3-dev",
        "spdlog": "libspdlog-dev",
        "tomlplusplus": "libtomlplusplus-dev",
    }
    assert required <= set(package_of), "a new requirement: name its package here"
    assert {package_of[name] for name in required} <= packages("build")


@pytest.mark.parametrize("name", ["server", "client"])
def test_a_service_runs_as_a_user_of_its_own(name):
    service = COMPOSE["services"][name]
    text = stages()[service["build"]["target"]][1]
    users = re.findall(r"^USER (\S+)$", text, flags=re.MULTILINE)
    assert users == ["larder"] and "useradd --system" in text
    assert not {"user", "privileged", "cap_add", "security_opt"} & set(service)


def test_the_server_listens_everywhere_and_publishes_the_line_protocol():
    server = COMPOSE["services"]["server"]
    command = server["command"]
    assert command[:2] == ["larder-server", "--allow-anonymous"]
    assert command[2::2] == ["--listen"] * 3
    assert command[3::2] == ["line://0.0.0.0:9999", "resp://0.0.0.0:6379", "http://0.0.0.0:8080"]
    assert server["ports"] == ["9999:9999"]


def test_the_client_reaches_the_server_by_name_and_publishes_its_port():
    client = COMPOSE["services"]["client"]
    assert client["command"] == "larder-web --listen http://0.0.0.0:5000 --cache resp://server:6379".split()
    assert client["ports"] == ["5000:5000"]
    assert client["depends_on"] == {"server": {"condition": "service_healthy"}}


@pytest.mark.parametrize(
    "name, program, url",
    [
        ("server", "larder-server", "resp://127.0.0.1:6379"),
        ("client", "larder-web", "http://127.0.0.1:5000"),
    ],
)
def test_health_is_asked_of_the_program_itself_without_a_shell(name, program, url):
    check = COMPOSE["services"][name]["healthcheck"]
    assert check["test"] == ["CMD", program, "--healthcheck", url]
    assert int(check["timeout"].rstrip("s")) > 2, "--healthcheck takes up to 2 s"


def test_the_tests_run_only_when_their_profile_is_asked_for():
    test = COMPOSE["services"]["test"]
    assert test["profiles"] == ["test"] and test["command"] == ["script/test"]
    assert all("profiles" not in COMPOSE["services"][name] for name in ("server", "client"))


def test_the_context_leaves_out_what_is_made():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", "build", "**/node_modules"} <= set(ignored)


def test_the_dockerfile_lints():
    tool = ROOT / "tests/node/node_modules/.bin/dockerfile-utils"
    result = subprocess.run([tool, "lint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_yaml_lints():
    if shutil.which("yamllint") is None:
        pytest.skip("yamllint belongs to the lint packages; .ci/run has it")
    result = subprocess.run(["yamllint", "--strict", "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("program", ["larder-server", "larder-web"])
def test_the_runtime_packages_hold_every_library_that_a_program_loads(program):
    if "libasan" in (loaded := subprocess.check_output(["ldd", BIN / program], text=True)) or "libtsan" in loaded:
        pytest.skip("sanitizers load more")
    for path in re.findall(r"=> (/\S+)", loaded):
        # dpkg knows a library by the place it was packaged in; /lib is /usr/lib on a merged system.
        names = [path, path.removeprefix("/usr"), "/usr" + path]
        owners = [subprocess.run(["dpkg", "-S", name], capture_output=True, text=True).stdout for name in names]
        owner = next(text.split(":")[0] for text in owners if text)
        assert owner == "libc6" or owner in packages("run"), path
