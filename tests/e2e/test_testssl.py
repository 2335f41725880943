"""What testssl.sh, Debian's scanner of TLS servers, says of the addresses with TLS.

Goal: it finds nothing of medium severity or higher in protocols, ciphers, forward secrecy, certificate and known vulnerabilities.
Method: the program itself against a running server, which it does not know to be RESP; what is intended is listed with its reason.
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


@pytest.fixture
def certificates(tmp_path):
    # Below 60 days it would warn of the end.
    subprocess.run([ROOT / "script/dev-certs", "--days", "365", tmp_path / "certificates"], check=True, stderr=subprocess.DEVNULL)
    return tmp_path / "certificates"


def test_it_finds_nothing_of_medium_severity(start_server, certificates, tmp_path):
    if shutil.which("testssl") is None:
        pytest.skip("there is no testssl.sh")
    server = start_server("--tls-cert", certificates / "server.pem", "--tls-key", certificates / "server.key",
                          listen=["resp+tls://127.0.0.1:0"])
    host, port = server.address("resp+tls")
    report = tmp_path / "report.json"
    checks = ["--protocols", "--std", "--fs", "--server-defaults", "--vulnerable"]
    subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", *checks, "--jsonfile", report,
                    "--add-ca", certificates / "ca.pem", f"{host}:{port}"],
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=540, check=False)
    findings = json.loads(report.read_text(encoding="utf-8"))
    seen = {finding["id"] for finding in findings}
    looked_at = {"SSLv3", "TLS1", "TLS1_2", "TLS1_3", "PFS", "heartbleed", "CRIME_TLS", "ROBOT", "LUCKY13"}
    assert looked_at <= seen, seen
    severe = [finding for finding in findings if finding["severity"] in SEVERE and finding["id"] not in INTENDED]
    assert not severe, severe
