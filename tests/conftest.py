"""What tests share: the environment, and databases for those that ask.

- A test that asks for nothing needs no database; the suites of kit, rules and engine are such.
- `db` (or the mark `django_db`): one test in one transaction that is rolled back, logged in as the application.
- `committed_db`: a database of its own, where transactions commit and threads meet; for races and for constraints checked at commit.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests import database

GROUND_FLOOR = tuple(Path(__file__).parent / room for room in ("kit", "rules", "engine"))

database.use_test_environment()

_numbers = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Set Django up, unless only the ground floor is tested: that suite must run where Django's rooms cannot."""
    chosen = [Path(config.invocation_params.dir, argument.split("::")[0]).resolve() for argument in config.args]
    if chosen and all(any(path.is_relative_to(room) for room in GROUND_FLOOR) for path in chosen):
        del os.environ["DJANGO_SETTINGS_MODULE"]
        return
    from duecourse.config import boot

    boot.set_up_django()


@pytest.fixture(scope="session")
def test_server() -> Iterator[database.TestServer]:
    """The embedded server of the tests, running."""
    server = database.TestServer()
    yield server
    server.leave()


@pytest.fixture(scope="session")
def django_db_setup(test_server: database.TestServer, django_db_blocker) -> Iterator[None]:
    """Give this process a migrated database of its own."""
    name = database.database_name("shared")
    with django_db_blocker.unblock():
        test_server.create(name)
        database.point_at(name)
    yield
    with django_db_blocker.unblock():
        from django.db import connections

        connections.close_all()
    test_server.drop(name)


@pytest.fixture
def committed_db(test_server: database.TestServer, django_db_setup, django_db_blocker) -> Iterator[database.CommittedDatabase]:
    """Give one test a fresh migrated database in which commits are real; it is dropped afterwards."""
    name = database.database_name(f"own{next(_numbers)}")
    with django_db_blocker.unblock():
        test_server.create(name)
        with database.pointed_at(name):
            yield database.CommittedDatabase(test_server, name)
    test_server.drop(name)


@pytest.fixture
def live_url(committed_db: database.CommittedDatabase) -> Iterator[str]:
    """The address of a web server in this process that works on the test's own database, with a worker beside it; for browsers and programs."""
    with serving() as url:
        yield url


@contextmanager
def serving() -> Iterator[str]:
    """Serve the pages of the database that is pointed at, with a worker beside, and give their address."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    server = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    assert server.error is None, server.error
    ended = threading.Event()
    worker = threading.Thread(target=_work, args=(ended,), daemon=True)
    worker.start()
    yield f"http://{server.host}:{server.port}"
    ended.set()
    worker.join()
    server.terminate()


def _work(ended: threading.Event) -> None:
    """Do what pages ask for until the test is over."""
    from django.db import connection

    from duecourse.doors.jobs import run_pending

    while not ended.wait(0.1):
        run_pending()
    connection.close()


@pytest.fixture
def home(tmp_path: Path, settings) -> Path:
    """A home folder and a key ring of this test's own."""
    from duecourse.kit.crypto import Keyring

    settings.DUECOURSE_HOME = tmp_path / "home"
    settings.DUECOURSE_KEYRING = Keyring({"test-1": b"t" * 32}, active_id="test-1")
    return settings.DUECOURSE_HOME
