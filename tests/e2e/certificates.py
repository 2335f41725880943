"""A private CA and what it signs, made with openssl(1) for one test or one measurement."""

import dataclasses
import pathlib
import subprocess


@dataclasses.dataclass(frozen=True)
class Pair:
    certificate: pathlib.Path
    key: pathlib.Path


class Authority:
    """Keeps everything in `folder`."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.ca = self._make(name, ["basicConstraints=critical,CA:TRUE"])

    def issue(self, name, subject_names=None):
        """A certificate for such names, "DNS:localhost,IP:127.0.0.1"."""
        extensions = ["basicConstraints=CA:FALSE"] + ([f"subjectAltName={subject_names}"] if subject_names else [])
        return self._make(name, extensions, ["-CA", self.ca.certificate, "-CAkey", self.ca.key])

    def _make(self, name, extensions, signed_by=()):
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                   "-days", 2, "-out", pair.certificate, "-keyout", pair.key, *signed_by]
        for extension in extensions:
            command += ["-addext", extension]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        return pair
