"""The test server and its databases: one embedded cluster for every test run of this checkout, one database per process.

The schema is migrated once into a template named after the text of models and migrations; databases are copies of it (about 50 ms).
Every run holds a shared lock on `users.lock`; the last one to leave takes it alone, drops what killed runs left and stops the server.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".duecourse" / "test"
PREFIX = "test_duecourse_"


class TestServer:
    """The embedded server of the tests, shared by all runs of this checkout."""

    __test__ = False

    def __init__(self) -> None:
        from duecourse.config import keyfile
        from duecourse.config.postgres import Cluster

        self.cluster = Cluster(HOME, is_durable=False, shared_buffers_mb=256)
        keyfile.make_home(HOME)
        self._users = os.open(HOME / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._users, fcntl.LOCK_SH)
        self.cluster.ensure()

    def template(self) -> str:
        """Return the name of the migrated template, making it when the schema's text is new."""
        from duecourse.config import keyfile

        name = f"template_{_schema_digest()}"
        with keyfile.locked(HOME / "template.lock"), self.cluster.connect() as connection:
            found = connection.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [name]).fetchone()
            if found == (True,):
                return name
            if found:
                self.drop(name)
            self._make_template(connection, name)
        return name

    def create(self, name: str) -> None:
        """Create a database as a copy of the template, with the rights it has in an installation."""
        from duecourse.config import roles

        template = self.template()
        self.drop(name)
        with self.cluster.connect() as connection:
            roles.ensure_database(connection, name, template=template)
        with self.cluster.connect(database=name) as connection:
            roles.grant(connection)

    def drop(self, name: str) -> None:
        """Drop a database together with whoever is connected."""
        with self.cluster.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def leave(self) -> None:
        """Give up the server; the last to leave tidies it and stops it."""
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            with self.cluster.connect() as connection:
                query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) OR (starts_with(datname, 'template_') AND datname <> %s)"
                left = connection.execute(query, [PREFIX, f"template_{_schema_digest()}"]).fetchall()
                for (name,) in left:
                    connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
                    self.drop(name)
            self.cluster.stop()
        finally:
            os.close(self._users)

    def _make_template(self, connection: psycopg.Connection, name: str) -> None:
        from django.core.management import call_command
        from django.db import connections

        from duecourse.config import boot

        boot.prepare_embedded(self.cluster, database=name)
        with pointed_at(name):
            call_command("migrate", database="owner", verbosity=0, interactive=False)
            connections.close_all()
        connection.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false").format(sql.Identifier(name)))


class CommittedDatabase:
    """A database of one test's own, in which transactions commit and threads meet.

    Attributes:
        name: the database's name.
    """

    def __init__(self, server: TestServer, name: str) -> None:
        self.server = server
        self.name = name

    def connect(self, role: str = "app") -> psycopg.Connection:
        """Open an autocommit connection as `app`, `owner` or `superuser`."""
        if role == "superuser":
            return self.server.cluster.connect(database=self.name)
        from django.db import connections

        wanted = connections.databases["owner" if role == "owner" else "default"]
        return psycopg.connect(
            host=wanted["HOST"], port=wanted["PORT"], dbname=self.name, user=wanted["USER"], password=wanted["PASSWORD"], autocommit=True
        )

    def parallel(self, function: Callable[[int], Any], *, count: int) -> list[Any]:
        """Call `function(0)` … `function(count − 1)` at once, each in a thread with its own Django connection.

        Returns the results in order; what a call raised stands in its place.
        """
        results: list[Any] = [None] * count
        barrier = threading.Barrier(count)

        def work(number: int) -> None:
            from django.db import connections

            try:
                barrier.wait(timeout=60)
                results[number] = function(number)
            except Exception as error:  # noqa: BLE001 - handed to the test
                results[number] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in threads), "a thread hangs, perhaps in a deadlock"
        return results


def use_test_environment() -> None:
    """Take the caller's settings away and name the test home; needs no database."""
    for name in [name for name in os.environ if name.startswith("DUECOURSE_") and name != "DUECOURSE_REQUIRE_BROWSER"]:
        del os.environ[name]
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        os.environ.pop(name, None)
    os.environ |= {"DUECOURSE_MODE": "test", "DUECOURSE_HOME": str(HOME), "DJANGO_SETTINGS_MODULE": "duecourse.config.settings"}


def point_at(name: str) -> None:
    """Turn both of Django's logins to a database of the test server, in every thread."""
    from django.db import connections

    from duecourse.config import boot
    from duecourse.config.environment import current

    connections.close_all()
    for alias, login in (("default", boot.app_login(current())), ("owner", boot.owner_login(current()))):
        assert login is not None
        connections.databases[alias].update(NAME=name, HOST=login.host, PORT=login.port, USER=login.user, PASSWORD=login.password)


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """Turn Django's logins to a database for the length of a block."""
    from django.db import connections

    before = connections.databases["default"]["NAME"]
    point_at(name)
    try:
        yield
    finally:
        point_at(before)


def database_name(suffix: str) -> str:
    """Return a name no other process of any run uses."""
    return f"{PREFIX}{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{suffix}"[:63]


@functools.cache
def _schema_digest() -> str:
    found = hashlib.sha256()
    package = ROOT / "src" / "duecourse"
    paths = {path for form in ("*/models.py", "*/models/*.py", "*/migrations/**/*") for path in package.glob(form)}
    paths |= {package / "config" / "roles.py", package / "config" / "settings.py"}
    for path in sorted(path for path in paths if path.is_file() and path.suffix != ".pyc"):
        found.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]
