"""The embedded PostgreSQL: a cluster of our own under the home folder, for development, demonstrations and tests.

It listens on 127.0.0.1 and on a socket, asks for passwords (scram-sha-256), runs as an unprivileged user when started as root, and
goes on running after the command that started it. Any PostgreSQL from 15 serves: a named folder, a wheel, or the system's.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import random
import shutil
import signal
import socket
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from duecourse.config import binaries, keyfile
from duecourse.config.binaries import Account, Programs
from duecourse.config.environment import DatabaseLogin
from duecourse.config.errors import HomeNotWritable, PostgresDidNotStart, PostgresTooOld, SecretsLost
from duecourse.kit.clock import stopwatch

SUPERUSER = "postgres"
PASSWORD_NAME = "PG_SUPERUSER_PASSWORD"  # noqa: S105 - the name of a secret, not one
PORT_RANGE = (20_000, 32_000)
START_SECONDS_MAX = 60
SOCKET_PATH_LENGTH_MAX = 100
SHELVES = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - the folder made in it is random, closed, and its owner is checked


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the cluster.

    Attributes:
        folder: where its files are.
        is_running: True when the server accepts connections.
        port: TCP port on 127.0.0.1, 0 before the first start.
        socket_folder: folder of the unix socket.
        pid: process of the postmaster, 0 when it is down.
        major: version of the cluster's files, 0 before they exist.
    """

    folder: Path
    is_running: bool
    port: int
    socket_folder: Path
    pid: int
    major: int


@dataclass(slots=True)
class Cluster:
    """One embedded cluster.

    Attributes:
        home: the folder of the installation; the lock, the pointer and the secrets lie in it.
        chosen: bin folder to use instead of looking for one.
        is_durable: False turns fsync off; for tests only.
        shared_buffers_mb: memory of the server's cache, MiB.
    """

    home: Path
    chosen: Path | None = None
    is_durable: bool = True
    shared_buffers_mb: int = 512
    _programs: Programs | None = field(default=None, repr=False)

    def ensure(self) -> Status:
        """Return the status of the running server, creating and starting what is missing.

        Guarantees: any number of processes may call this at once and get the same server; a server that was killed starts again.

        Raises:
            PostgresDidNotStart: with the last lines of the server's log.
            SecretsLost: the cluster exists and its password does not.
            PostgresMissing, PostgresTooOld, HomeNotWritable: before anything is written.
        """
        keyfile.make_home(self.home)
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise HomeNotWritable(folder=str(self.home))
        with keyfile.locked(self.home / "pg.lock"):
            present = self._answering()
            if present:
                return present
            folder, account = self._place()
            if not (folder / "data" / "PG_VERSION").exists():
                self._initialise(folder, account)
            self._start(folder, account)
            return self.status()

    def stop(self) -> bool:
        """Stop the server, letting transactions roll back; return False when it was down."""
        if not self.home.exists():
            return False
        with keyfile.locked(self.home / "pg.lock"):
            pid = _postmaster(self.folder / "data")
            if not pid:
                return False
            os.kill(pid, signal.SIGINT)
            deadline = stopwatch() + START_SECONDS_MAX
            while _is_postgres(pid, self.folder / "data"):
                if stopwatch() > deadline:
                    os.kill(pid, signal.SIGQUIT)
                    deadline += START_SECONDS_MAX
                time.sleep(0.02)
            return True

    def remove(self) -> Path:
        """Stop the server, remove its files and return the folder they were in; the keys in the secrets file stay."""
        folder = self.folder
        if not self.home.exists():
            return folder
        self.stop()
        with keyfile.locked(self.home / "pg.lock"):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(_socket_folder(folder), ignore_errors=True)
            for name in ("pg.location", "pg.json"):
                (self.home / name).unlink(missing_ok=True)
        return folder

    def status(self) -> Status:
        """Return what is known without changing anything."""
        folder = self.folder
        pid = _postmaster(folder / "data")
        lines = _pid_file(folder / "data")
        is_running = bool(pid) and len(lines) > 7 and lines[7].strip() == "ready"
        version = folder / "data" / "PG_VERSION"
        major = int(version.read_text().split(".")[0]) if _exists(version) else 0
        port = int(lines[3]) if is_running else self._remembered_port()
        return Status(folder=folder, is_running=is_running, port=port, socket_folder=_socket_folder(folder), pid=pid, major=major)

    def login(self, *, database: str = "postgres", user: str = SUPERUSER, password: str = "") -> DatabaseLogin:
        """Return a login to the running server; without a user, the superuser's."""
        secret = password or keyfile.read(self.home).get(PASSWORD_NAME, "")
        return DatabaseLogin(host="127.0.0.1", port=self.status().port, database=database, user=user, password=secret)

    def connect(self, *, database: str = "postgres") -> psycopg.Connection:
        """Open an autocommit connection as the superuser."""
        return psycopg.connect(**self.login(database=database).keywords(), autocommit=True, connect_timeout=10)

    def _answering(self) -> Status | None:
        """Return the status of a server that lets us in, or None when none is there; one that is starting or dying is awaited."""
        deadline = stopwatch() + START_SECONDS_MAX
        while (status := self.status()).pid and stopwatch() < deadline:
            if status.is_running:
                try:
                    self.connect().close()
                except psycopg.OperationalError as error:
                    if "password" in str(error):
                        raise SecretsLost(folder=str(self.folder), secrets=str(self.home / keyfile.SECRETS_FILE)) from error
                else:
                    return status
            time.sleep(0.05)
        return None

    @property
    def folder(self) -> Path:
        """Where the cluster's files are: `pg` in the home folder, or where the pointer file says."""
        pointer = self.home / "pg.location"
        return Path(pointer.read_text(encoding="utf-8").strip()) if pointer.exists() else self.home / "pg"

    @property
    def programs(self) -> Programs:
        """The PostgreSQL programs, found once."""
        if self._programs is None:
            self._programs = binaries.find(self.chosen)
        return self._programs

    def _place(self) -> tuple[Path, Account]:
        """Return a folder the server's user can reach, made and owned by it."""
        account = _account(self.folder / "data")
        folder = self.folder
        if not _prepared(folder, account):
            stamp = f"{random.SystemRandom().getrandbits(48):012x}"
            shelves = [shelf / f"duecourse-{stamp}" for shelf in SHELVES]
            reached = next((shelf for shelf in shelves if _prepared(shelf, account)), None)
            if reached is None:
                raise HomeNotWritable(folder=str(folder))
            if _exists(folder / "data" / "PG_VERSION"):
                raise PostgresDidNotStart(folder=str(folder), reason=f"user {account.uid} cannot reach it", log=str(folder))
            if folder == self.home / "pg" and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
            folder = reached
            (self.home / "pg.location").write_text(f"{folder}\n", encoding="utf-8")
        self._programs = binaries.readable(self.programs, account, shelf=folder.parent if folder.parent in SHELVES else SHELVES[0])
        return folder, account

    def _initialise(self, folder: Path, account: Account) -> None:
        password = keyfile.ensure(self.home, {PASSWORD_NAME: keyfile.random_password})[PASSWORD_NAME]
        fresh = folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password_file = folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(password, encoding="ascii")
        os.chown(password_file, account.uid, account.gid)
        form = ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={password_file}", "--encoding=UTF8", "--data-checksums"]
        form += [] if self.is_durable else ["--no-sync"]
        try:
            done = account.run([self.programs.path("initdb"), f"--pgdata={fresh}", "--no-instructions", *form, *_locale(self.programs)])
        finally:
            password_file.unlink()
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise PostgresDidNotStart(folder=str(folder), reason=done.stderr.strip()[-800:], log=str(folder / "server.log"))
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude 'duecourse.conf'\n")
        fresh.rename(folder / "data")

    def _start(self, folder: Path, account: Account) -> None:
        written_major = int((folder / "data" / "PG_VERSION").read_text().split(".")[0])
        if written_major != self.programs.major:
            raise PostgresDidNotStart(
                folder=str(folder),
                reason=f"its files are of version {written_major}, the programs in {self.programs.folder} of {self.programs.major}.",
                log="docs/database.md, or name the older programs in DUECOURSE_PG_BIN",
            )
        if PASSWORD_NAME not in keyfile.read(self.home):
            raise SecretsLost(folder=str(folder), secrets=str(self.home / keyfile.SECRETS_FILE))
        deadline = stopwatch() + START_SECONDS_MAX
        port = self._remembered_port()
        while True:
            _forget_the_dead(folder)
            port = port if port and _is_free(port) else _free_port()
            self._configure(folder, account, port)
            log = folder / "server.log"
            command = [self.programs.path("pg_ctl"), "start", "--wait", f"--timeout={START_SECONDS_MAX}", "--silent"]
            done = account.run([*command, f"--pgdata={folder / 'data'}", f"--log={log}"], seconds=START_SECONDS_MAX + 30)
            if done.returncode == 0:
                self._remember(port)
                return
            told = _tail(log)
            if stopwatch() > deadline or not _may_retry(told):
                raise PostgresDidNotStart(folder=str(folder), reason=told or done.stderr.strip(), log=str(log))
            port = 0 if "Address already in use" in told else port
            _end_orphans(folder / "data")
            time.sleep(0.1)

    def _configure(self, folder: Path, account: Account, port: int) -> None:
        """Write the part of the configuration that is ours; it is read at every start."""
        sockets = _socket_folder(folder)
        if not sockets.exists():
            sockets.mkdir(mode=0o755)
        os.chown(sockets, account.uid, account.gid)
        values: dict[str, str | int] = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": str(sockets),
            "password_encryption": "scram-sha-256",
            "max_connections": 200,
            "shared_buffers": f"{_affordable_mb(self.shared_buffers_mb)}MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
            "max_wal_size": "2GB",
            "synchronous_commit": "on",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_lock_waits": "on",
            "wal_level": "replica",
        }
        if not self.is_durable:
            values |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": 0}
        text = "# Written anew at every start.\n" + "".join(f"{name} = '{value}'\n" for name, value in values.items())
        path = folder / "data" / "duecourse.conf"
        path.write_text(text, encoding="utf-8")
        os.chown(path, account.uid, account.gid)

    def _remembered_port(self) -> int:
        try:
            return int(json.loads((self.home / "pg.json").read_text(encoding="utf-8"))["port"])
        except (FileNotFoundError, ValueError, KeyError):
            return 0

    def _remember(self, port: int) -> None:
        temporary = self.home / ".pg.json.new"
        temporary.write_text(json.dumps({"port": port}), encoding="utf-8")
        temporary.replace(self.home / "pg.json")


def server_version_num(connection: psycopg.Connection) -> int:
    """Return the server's version as PostgreSQL counts it: 180006 is 18.6."""
    row = connection.execute("SHOW server_version_num").fetchone()
    return int(row[0]) if row else 0


def refuse_old_server(connection: psycopg.Connection) -> None:
    """Refuse a server older than 15.

    Raises:
        PostgresTooOld: with the version found.
    """
    number = server_version_num(connection)
    if number < binaries.VERSION_MIN * 10_000:
        raise PostgresTooOld(where=f"The server at {connection.info.host}", found=f"{number // 10_000}.{number % 10_000}")


def _account(files: Path) -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    if _exists(files):
        owner = files.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid, is_other=True)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, is_other=True)
    return Account(65534, 65534, is_other=True)


def _prepared(folder: Path, account: Account) -> bool:
    """Make the folder, give it to the account, and try as the account whether it can be worked in."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if stat.S_ISLNK(folder.lstat().st_mode) or folder.lstat().st_uid not in (os.geteuid(), account.uid):
            return False
        if account.is_other:
            os.chown(folder, account.uid, account.gid)
    except OSError:
        return False
    return account.run(["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(folder)]).returncode == 0


def _locale(programs: Programs) -> list[str]:
    if programs.major >= 17:
        return ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _socket_folder(folder: Path) -> Path:
    inside = folder / "run"
    if len(str(inside)) <= SOCKET_PATH_LENGTH_MAX - len("/.s.PGSQL.65535"):
        return inside
    return Path("/tmp") / f"duecourse-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"  # noqa: S108 - a socket's path must be short


def _pid_file(files: Path) -> list[str]:
    try:
        return (files / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return []


def _postmaster(files: Path) -> int:
    lines = _pid_file(files)
    pid = int(lines[0]) if lines and lines[0].strip().lstrip("-").isdigit() else 0
    return pid if pid and _is_postgres(pid, files) else 0


def _is_postgres(pid: int, files: Path) -> bool:
    """True when the process lives, is no zombie and works in this data folder; a number used again by another program does not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    process = Path("/proc") / str(pid)
    if not process.exists():
        return not Path("/proc/self").exists()
    try:
        return (process / "cwd").readlink() == files.resolve()
    except FileNotFoundError:
        return False
    except PermissionError:
        return "postgres" in (process / "cmdline").read_text(encoding="utf-8", errors="replace")


def _forget_the_dead(folder: Path) -> None:
    """Remove the marks of a killed server; PostgreSQL itself takes a zombie, or another program with its number, for alive."""
    if _postmaster(folder / "data"):
        return
    (folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    for mark in _socket_folder(folder).glob(".s.PGSQL.*"):
        mark.unlink(missing_ok=True)


def _end_orphans(files: Path) -> None:
    """End the children of a killed postmaster, which hold its shared memory."""
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()) and _is_postgres(int(process.name), files):
            os.kill(int(process.name), signal.SIGQUIT)


def _may_retry(told: str) -> bool:
    return any(text in told for text in ("Address already in use", "shared memory block", "could not create any TCP/IP sockets"))


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
    except OSError:
        return ""


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    """Return a port below the range from which outgoing connections take theirs."""
    for _ in range(200):
        port = random.SystemRandom().randrange(*PORT_RANGE)
        if _is_free(port):
            return port
    raise OSError("no free port on 127.0.0.1")


def _affordable_mb(wanted_mb: int) -> int:
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return max(64, min(wanted_mb, total_mb // 8))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False
