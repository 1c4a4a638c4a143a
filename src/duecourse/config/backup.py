"""Backup and restore of the whole database, each done whole or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql

from duecourse.config import binaries
from duecourse.config.environment import DatabaseLogin
from duecourse.config.errors import BackupUnusable, ProgramFailed, RestoreWouldOverwrite
from duecourse.config.postgres import server_version_num
from duecourse.config.roles import OWNER, ensure_database, grant, open_connection
from duecourse.kit.clock import now

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup.

    Attributes:
        path: the file, in pg_dump's custom format.
        size_bytes: its size.
        sha256: its digest, also written beside it as `<file>.sha256`.
    """

    path: Path
    size_bytes: int
    sha256: str


def write(login: DatabaseLogin, path: Path, *, chosen: Path | None = None) -> Backup:
    """Write a backup of the database.

    The login must see every row: a superuser, or one with BYPASSRLS; pg_dump stops where row-level security would hide some.

    Guarantees: the file appears under its name only when it is complete and on disk; an older one of that name stays until then.

    Raises:
        ProgramFailed: with pg_dump's message.
        BackupUnusable: the folder cannot be written.
    """
    program = binaries.client("pg_dump", chosen, major_min=_major(login))
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
    except OSError as error:
        raise BackupUnusable(path=str(path), reason=str(error)) from error
    os.close(descriptor)
    try:
        _run([program, "--format=custom", "--compress=6", f"--file={temporary}"], login)
        digest = _digest(Path(temporary))
        with Path(temporary).open("rb") as file:
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _checksum_path(path).write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return Backup(path=path, size_bytes=path.stat().st_size, sha256=digest)


def restore(login: DatabaseLogin, path: Path, *, is_overwriting: bool = False, chosen: Path | None = None) -> str:
    """Put a backup in the database's place and return the name under which the replaced database is kept, or ''.

    The backup is loaded into a database of its own; the names are exchanged in one transaction when it is whole. Who erased a person
    after the backup was made must have that repeated: the caller replays the erasure list before anybody works.

    Raises:
        BackupUnusable: no file, no checksum, or another digest.
        RestoreWouldOverwrite: rows are there and `is_overwriting` is False.
        ProgramFailed: with pg_restore's message; the present database was not touched.
    """
    _check(path)
    program = binaries.client("pg_restore", chosen, major_min=_major(login))
    stamp = f"{now():%Y%m%d_%H%M%S_%f}"
    kept, fresh = f"{login.database[:30]}_before_{stamp}", f"{login.database[:30]}_restoring_{stamp}"
    server = replace(login, database="postgres")
    with open_connection(server) as connection:
        is_present = bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [login.database]).fetchone())
        if is_present and not is_overwriting and _has_rows(login):
            raise RestoreWouldOverwrite(database=login.database, kept=kept)
        ensure_database(connection, fresh)
        try:
            fresh_login = replace(login, database=fresh)
            _run([program, "--exit-on-error", "--single-transaction", f"--dbname={fresh}", str(path)], fresh_login)
            with open_connection(fresh_login) as inside:
                grant(inside)
                inside.execute("ANALYZE")
            _exchange(connection, login.database, fresh, kept if is_present else "")
        except BaseException:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(fresh)))
            raise
    return kept if is_present else ""


def _exchange(connection: psycopg.Connection, present: str, fresh: str, kept: str) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    for attempt in range(20):
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)", [[present, fresh]])
        try:
            with connection.transaction():
                if kept:
                    connection.execute(rename.format(sql.Identifier(present), sql.Identifier(kept)))
                connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(present)))
            break
        except psycopg.errors.ObjectInUse:
            if attempt == 19:
                raise
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(present), sql.Identifier(OWNER)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(present)))


def _has_rows(login: DatabaseLogin) -> bool:
    """True when a table other than Django's own catalogues holds a row."""
    with open_connection(login) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'django\\_%' AND tablename NOT LIKE 'auth\\_%'"
        ).fetchall()
        exists = sql.SQL("SELECT EXISTS (SELECT FROM {})")
        return any((connection.execute(exists.format(sql.Identifier(table))).fetchone() or (False,))[0] for (table,) in tables)


def _check(path: Path) -> None:
    if not path.is_file():
        raise BackupUnusable(path=str(path), reason="there is no such file")
    try:
        noted = _checksum_path(path).read_text(encoding="utf-8").split()[0]
    except (FileNotFoundError, IndexError) as error:
        raise BackupUnusable(path=str(path), reason=f"its checksum {_checksum_path(path).name} is missing") from error
    if noted != _digest(path):
        raise BackupUnusable(path=str(path), reason="its digest is not the one that was noted when it was written")


def _run(command: list[str], login: DatabaseLogin) -> None:
    done = subprocess.run(command, env=client_environment(login), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProgramFailed(program=Path(command[0]).name, reason=done.stderr.strip()[-1500:])


def client_environment(login: DatabaseLogin) -> dict[str, str]:
    """Return the environment that tells PostgreSQL's programs where to connect; the password is not on the command line."""
    named = {"PGHOST": login.host, "PGPORT": str(login.port), "PGDATABASE": login.database, "PGUSER": login.user}
    named |= {"PGPASSWORD": login.password} | ({"PGSSLMODE": login.sslmode} if login.sslmode else {})
    return {name: os.environ[name] for name in binaries.CLIENT_ENVIRONMENT if name in os.environ} | named


def _major(login: DatabaseLogin) -> int:
    with open_connection(login) as connection:
        return server_version_num(connection) // 10_000


def _checksum_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()
