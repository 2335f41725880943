"""Files of users whose passwords are as cheap to try as a test needs; --hash-password's own take some tens of milliseconds."""

import base64
import hashlib
import os


def scrypt_hash(password, n):
    """As --hash-password writes it, but with this N."""
    salt = os.urandom(16)
    hashed = hashlib.scrypt(password.encode(), salt=salt, n=n, r=8, p=1, maxmem=1 << 27, dklen=32)
    return f"scrypt:{n}$8$1${base64.b64encode(salt).decode()}${base64.b64encode(hashed).decode()}"


def write_users(path, hashes):
    """Each name of `hashes` may do everything. The path."""
    sections = [f'[user.{name}]\npassword = "{hashed}"\nrights = ["read", "write", "admin"]\n' for name, hashed in hashes.items()]
    path.write_text("".join(sections), encoding="utf-8")
    path.chmod(0o600)
    return path
