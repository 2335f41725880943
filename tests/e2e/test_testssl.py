"""What testssl.sh, Debian's scanner of TLS servers, says of the addresses with TLS.

Goal: it finds nothing of medium severity or higher in protocols, ciphers, forward secrecy, certificate, known vulnerabilities and
the headers of HTTP. Method: the program itself against a running server, of which it does not know RESP; what is intended is listed
with its reason.
"""

import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEVERE = ["MEDIUM", "HIGH", "CRITICAL"]

# Of the private CA of script/dev-certs, and none of the server's.
INTENDED = {
    "cert_revocation": "a private CA keeps no list of what it has revoked: it signs for a month, and is made anew",
}


pytestmark = pytest.mark.skipif(shutil.which("testssl") is None, reason="there is no testssl.sh")


@pytest.fixture
def certificates(tmp_path):
    # Below 60 days it would warn of the end.
    subprocess.run([ROOT / "script/dev-certs", "--days", "365", tmp_path / "certificates"], check=True, stderr=subprocess.DEVNULL)
    return tmp_path / "certificates"


def scan(address, certificates, report, *checks):
    """What it finds: a list of its findings."""
    host, port = address
    checks = ["--protocols", "--std", "--fs", "--server-preference", "--server-defaults", "--vulnerable", *checks]
    subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", *checks, "--jsonfile", report,
                    "--add-ca", certificates / "ca.pem", f"{host}:{port}"],
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=540, check=False)
    findings = json.loads(report.read_text(encoding="utf-8"))
    seen = {finding["id"] for finding in findings}
    looked_at = {"SSLv3", "TLS1", "TLS1_2", "TLS1_3", "PFS", "heartbleed", "CRIME_TLS", "ROBOT", "LUCKY13"}
    assert looked_at <= seen, seen
    return findings


def severe(findings):
    return [finding for finding in findings if finding["severity"] in SEVERE and finding["id"] not in INTENDED]


def test_it_finds_nothing_of_medium_severity(start_server, certificates, tmp_path):
    server = start_server("--tls-cert", certificates / "server.pem", "--tls-key", certificates / "server.key",
                          listen=["resp+tls://127.0.0.1:0"])
    assert not severe(scan(server.address("resp+tls"), certificates, tmp_path / "report.json"))


@pytest.mark.parametrize("program", ["larder-server", "larder-web"])
def test_it_finds_nothing_of_medium_severity_in_http(start_server, start_web, certificates, tmp_path, program):
    """Its headers, too."""
    options = ["--tls-cert", certificates / "server.pem", "--tls-key", certificates / "server.key"]
    if program == "larder-server":
        server = start_server(*options, listen=["http+tls://127.0.0.1:0"])
    else:
        server = start_web("resp://127.0.0.1:1", *options, listen="http+tls://127.0.0.1:0")
    findings = scan(server.address("http+tls"), certificates, tmp_path / "report.json", "--headers")
    assert any(finding["id"] == "X-Content-Type-Options" for finding in findings), findings
    assert not severe(findings)
