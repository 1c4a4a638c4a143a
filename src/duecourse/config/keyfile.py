"""The secrets file of a development home: `NAME=value` lines, readable by its owner only, written whole or not at all."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from duecourse.config.errors import HomeNotWritable

SECRETS_FILE = "secrets.env"
GENERATED_PREFIX = "generated-"


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold an advisory lock on a file beside the thing it guards, waiting for it.

    The lock lies in the home folder, not in /tmp, so that two users of one home meet at it and two homes never do. It ends with
    the process, also after kill -9.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise HomeNotWritable(folder=str(path.parent)) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read(home: Path) -> dict[str, str]:
    """Return the secrets of a home; empty when there is no file."""
    path = home / SECRETS_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise HomeNotWritable(folder=str(home)) from error
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def ensure(home: Path, makers: dict[str, Callable[[], str]]) -> dict[str, str]:
    """Return the secrets, making those that are missing, once.

    Guarantees: what is in the file is never replaced; the file is 0600 and appears whole; two processes agree on the values.
    """
    known = read(home)
    if all(name in known for name in makers):
        return known
    make_home(home)
    with locked(home / "secrets.lock"):
        known = read(home)
        missing = {name: maker() for name, maker in makers.items() if name not in known}
        if missing:
            known |= missing
            _write(home, known)
    return known


def make_home(home: Path) -> None:
    """Create the home folder; others may pass through it (the server's user must reach its data) but not list it."""
    try:
        if not home.exists():
            home.mkdir(parents=True, exist_ok=True)
            home.chmod(0o711)
    except PermissionError as error:
        raise HomeNotWritable(folder=str(home)) from error


def random_password() -> str:
    """Return 32 random letters and digits, safe in URLs and SQL literals."""
    return secrets.token_hex(16)


def random_secret_key() -> str:
    """Return a signing key marked as generated, which production refuses."""
    return GENERATED_PREFIX + secrets.token_urlsafe(48)


def random_master_keys() -> str:
    """Return one 256-bit master key in the form `id:base64`; its id marks it as generated, which production refuses."""
    return f"{GENERATED_PREFIX}1:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _write(home: Path, pairs: dict[str, str]) -> None:
    text = "# Generated for development. Who has this file can open every sealed column.\n"
    text += "".join(f"{name}={value}\n" for name, value in pairs.items())
    descriptor, temporary = tempfile.mkstemp(dir=home, prefix=".secrets-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(home / SECRETS_FILE)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
