"""The WebSocket in a real browser, and the rule that no web page may reach into a cache on its reader's machine.

Method: a page is served by a small server of the test's own; its script talks to Larder and posts what it saw back. Nothing is
waited for but that report.
"""

import http.server
import json
import os
import queue
import shutil
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

PAGE = """<!doctype html><meta charset="utf-8"><title>larder</title><script>
const report = what => fetch("/report", {method: "POST", body: JSON.stringify(what)});
const seen = [];
const socket = new WebSocket("ws://%(address)s/v1/ws");
const requests = [{id: 1, set: "page", value: "h\\u00e9llo \\ud83d\\ude00", ttl: 60}, {id: 2, get: "page"},
                  {id: "three", delete: "page"}, {id: 4, get: "page"}];
socket.onopen = () => requests.forEach(request => socket.send(JSON.stringify(request)));
socket.onmessage = event => {
  seen.push(JSON.parse(event.data));
  if (seen.length == requests.length) { socket.onclose = null; socket.close(1000); tryPut(); }
};
socket.onclose = event => { seen.push({closed: event.code}); tryPut(); };
async function attempt(method, key, options = {}) {
  const body = method == "GET" || method == "DELETE" ? undefined : "x of " + key;
  try {
    const reply = await fetch("http://%(address)s/v1/keys/" + key, {method, body, ...options});
    return reply.type == "opaque" ? "opaque" : reply.status + " " + await reply.text();
  } catch (e) { return "refused"; }
}
async function tryPut() {
  await report({
    seen,
    put: await attempt("PUT", "planted"),
    typed: await attempt("PUT", "typed", {headers: {"Content-Type": "application/octet-stream"}}),
    got: await attempt("GET", "planted"),
    removed: await attempt("DELETE", "typed"),
    // What a browser sends without asking first: a POST that the page cannot read the answer to.
    posted: await attempt("POST", "posted", {mode: "no-cors"}),
    blind: await attempt("PUT", "blind", {mode: "no-cors"}),
  });
}
</script>"""


class PageServer:
    def __init__(self):
        reports = self.reports = queue.Queue()
        page = self  # the address comes later: the server has to know this page's origin first
        self.address = ""

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = (PAGE % {"address": page.address}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def visit(url, reports, profile):
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: script/setup installs it"
    command = [chromium, "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
               "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
               "--remote-debugging-port=0", url]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return reports.get(timeout=60)
    finally:
        os.killpg(browser.pid, 15)
        try:
            browser.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(browser.pid, 9)
            browser.wait()


def browse(start_server, tmp_path, *options):
    with PageServer() as page:
        server = start_server(*[option.format(origin=page.origin) for option in options])
        page.address = "%s:%d" % tuple(server.address("http"))
        return server, visit(page.origin + "/", page.reports, tmp_path / "profile")


def stored(server, key):
    try:
        with urllib.request.urlopen(f"{server.address('http')}/v1/keys/{key}", timeout=20) as reply:
            return reply.read().decode()
    except urllib.error.HTTPError as error:
        assert error.code == 404
        return None


def stats(server):
    with urllib.request.urlopen(f"{server.address('http')}/v1/stats", timeout=20) as reply:
        return json.load(reply)


def test_a_page_that_is_allowed_uses_the_cache(start_server, tmp_path):
    server, report = browse(start_server, tmp_path, "--allow-origin", "{origin}")
    assert report["seen"] == [
        {"id": 1, "ok": True},
        {"id": 2, "value": "h\u00e9llo \U0001f600"},
        {"id": "three", "ok": True},
        {"id": 4, "value": None},
    ]
    assert report["put"] == "204 " and stored(server, "planted") == "x of planted"
    assert report["typed"] == "204 "
    assert report["got"] == "200 x of planted"
    assert report["removed"] == "204 " and stored(server, "typed") is None
    assert stored(server, "posted") is None and stored(server, "blind") is None
    assert stats(server)["origins_refused"] == 0


def test_a_page_from_elsewhere_is_refused(start_server, tmp_path):
    server, report = browse(start_server, tmp_path)
    assert report == {
        "seen": [{"closed": 1006}],
        "put": "refused",
        "typed": "refused",
        "got": "refused",
        "removed": "refused",
        "posted": "opaque",  # sent, and answered with 405
        "blind": "refused",  # a browser does not even send it
    }
    for key in ("planted", "typed", "posted", "blind"):
        assert stored(server, key) is None, key
    seen = stats(server)
    assert seen["items"] == 0 and seen["sets"] == 0
    assert seen["origins_refused"] == 4  # the WebSocket and three preflights
