"""How clients get into the servers of a run: with TLS and as users, or plainly. The one place that knows the difference.

What the server reads for that lies in its folder, and may be replaced while it runs (renewal.py).
"""

import pathlib
import subprocess

from connect import Route

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "a long password of the soak test"
USERS = {"soak": (["read", "write"], ["soak:"]), "administrator": (["read", "write", "admin"], [])}  # rights and prefixes


def put(*files):
    """Each of these (path, bytes) in the place of what was there, for its owner alone; all are written before the first is put."""
    for path, data in files:
        path.with_suffix(".new").touch(mode=0o600)
        path.with_suffix(".new").write_bytes(data)
    for path, _ in files:
        path.with_suffix(".new").rename(path)


class Certificates:
    """The pair that a server reads, in its folder, and the CA of its own that signs each."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.certificate_path, self.key_path, self._issued = folder / "certificate.pem", folder / "key.pem", folder / "issued"
        self.ca_file = str(self._issued / "ca.pem")

    def issue(self):
        """A certificate for localhost and its key that never were before, as bytes."""
        subprocess.run([ROOT / "script/dev-certs", self._issued], check=True, capture_output=True)
        return (self._issued / "server.pem").read_bytes(), (self._issued / "server.key").read_bytes()

    def put(self, certificate, key):
        """One right after the other: the server reads what stands still for a second."""
        put((self.certificate_path, certificate), (self.key_path, key))


class Users:
    """The file of users that a server reads, in its folder. `program`: a larder-server, which hashes passwords."""

    def __init__(self, program, folder):
        self._program, self.path = program, pathlib.Path(folder) / "users.toml"

    def section(self, name, password, rights, prefixes):
        command = [self._program, "--hash-password"]
        hashed = subprocess.run(command, input=password, capture_output=True, text=True, check=True).stdout
        lines = [f"[user.{name}]", f'password = "{hashed.strip()}"', f"rights = {rights}", f"prefixes = {prefixes}" if prefixes else ""]
        return "\n".join(lines).replace("'", '"').rstrip() + "\n"

    def put(self, *sections):
        put((self.path, "".join(sections).encode()))


class Access:
    """`with_tls` and `with_users` as the run was asked for; files go into the server's `folder`. `program`: a larder-server.

    Without them, every address is served plainly. With TLS the addresses over TCP have it and the Unix sockets do not."""

    def __init__(self, program, folder, with_tls=False, with_users=False):
        self._certificates, self._users = Certificates(folder), Users(program, folder)
        self.with_tls, self.with_users = with_tls, with_users
        if with_tls:
            self._certificates.put(*self._certificates.issue())
        if with_users:
            self._users.put(*(self._users.section(name, PASSWORD, *may) for name, may in USERS.items()))

    def server_options(self):
        """What the server is started with beside its addresses."""
        options = []
        if self.with_tls:
            options += ["--tls-cert", self._certificates.certificate_path, "--tls-key", self._certificates.key_path]
        if self.with_users:
            options += ["--users", self._users.path]
        return options

    def listeners(self, schemes, sockets):
        """What the server listens on: each scheme over TCP and at its Unix socket."""
        over_tcp = "+tls" if self.with_tls else ""
        return [url for scheme in schemes for url in (f"{scheme}{over_tcp}://127.0.0.1:0", f"{scheme}+unix://{sockets[scheme]}")]

    def route(self, scheme, address, is_direct, is_administrator=False):
        """The way in at this address; `scheme` as the server has said it."""
        protocol, *extra = scheme.split("+")
        ca_file = self._certificates.ca_file if "tls" in extra else ""
        login = ("administrator" if is_administrator else "soak", PASSWORD) if self.with_users else ("", "")
        return Route(protocol, address, is_direct, ca_file, *login)
