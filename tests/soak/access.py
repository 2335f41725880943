"""How clients get into the servers of a run: with TLS and as users, or plainly. The one place that knows the difference."""

import pathlib
import subprocess

from connect import Route

PASSWORD = "a long password of the soak test"
USERS = {"soak": ('["read", "write"]', '["soak:"]'), "administrator": ('["read", "write", "admin"]', "[]")}  # rights and prefixes


class Access:
    """`with_tls` and `with_users` as the run was asked for; files go into `folder`. `program`: a larder-server.

    Without them, every address is served plainly. With TLS the addresses over TCP have it and the Unix sockets do not."""

    def __init__(self, program, folder, with_tls=False, with_users=False):
        self._program, self._folder = program, pathlib.Path(folder)
        self._with_tls, self._with_users = with_tls, with_users
        if with_tls:
            self._make_certificate()
        if with_users:
            self._make_users()

    def _make_certificate(self):
        """A certificate that signs itself, for the loopback address."""
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                   "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True)

    def _make_users(self):
        command = [self._program, "--hash-password"]
        hashed = subprocess.run(command, input=PASSWORD, capture_output=True, text=True, check=True).stdout
        path = self._folder / "users.toml"
        path.touch(mode=0o600)
        path.write_text("".join(f'[user.{name}]\npassword = "{hashed.strip()}"\nrights = {rights}\n'
                                + (f"prefixes = {prefixes}\n" if prefixes != "[]" else "")
                                for name, (rights, prefixes) in USERS.items()), encoding="utf-8")

    def server_options(self):
        """What the server is started with beside its addresses."""
        options = []
        if self._with_tls:
            options += ["--tls-cert", self._folder / "cert.pem", "--tls-key", self._folder / "key.pem"]
        if self._with_users:
            options += ["--users", self._folder / "users.toml"]
        return options

    def listeners(self, schemes, sockets):
        """What the server listens on: each scheme over TCP and at its Unix socket."""
        over_tcp = "+tls" if self._with_tls else ""
        return [url for scheme in schemes for url in (f"{scheme}{over_tcp}://127.0.0.1:0", f"{scheme}+unix://{sockets[scheme]}")]

    def route(self, scheme, address, is_direct, is_administrator=False):
        """The way in at this address; `scheme` as the server has said it."""
        protocol, *extra = scheme.split("+")
        ca_file = str(self._folder / "cert.pem") if "tls" in extra else ""
        login = ("administrator" if is_administrator else "soak", PASSWORD) if self._with_users else ("", "")
        return Route(protocol, address, is_direct, ca_file, *login)
