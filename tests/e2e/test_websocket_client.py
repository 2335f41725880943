"""The `ws` package from npm lives its common life on /v1/ws. Method: the script prints what it saw, this asserts it."""

import json
import shutil
import subprocess
from pathlib import Path

NODE_TESTS = Path(__file__).resolve().parent.parent / "node"


def test_the_ws_package_is_served(start_server):
    server = start_server()
    node = shutil.which("node")
    assert node, "node is missing: script/setup installs it"
    host, port = server.address("http")
    run = subprocess.run(
        [node, "websocket_client.mjs", f"ws://{host}:{port}/v1/ws"],
        cwd=NODE_TESTS, capture_output=True, text=True, timeout=60, check=False,
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["text"][:4] == [
        {"id": 1, "ok": True},
        {"id": 2, "value": "päckchen"},
        {"id": "three", "value": None},
        {"id": 4.5, "ok": True},
    ]
    assert seen["text"][4]["id"] is None and seen["text"][4]["error"]
    assert seen["text"][5]["id"] == 9 and seen["text"][5]["error"]
    assert seen["text"][6] == {"id": 5, "ok": True}
    assert seen["largeIsWhole"] and seen["pong"] and seen["closed"] == 1000
    assert seen["extensions"] == "", "compression is declined"
    assert seen["binary"] == "$3\r\n\xff\x00\x01\r\n"
