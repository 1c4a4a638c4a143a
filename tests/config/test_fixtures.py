"""The fixtures themselves: who is logged in, and what lasts."""

from __future__ import annotations

import urllib.request

import pytest
from django.contrib.sessions.models import Session
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone


def _keep(key: str) -> None:
    Session.objects.create(session_key=key, session_data="", expire_date=timezone.now())


@pytest.mark.django_db
def test_db_is_the_application():
    """The ordinary fixture logs in as the application, which cannot create tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("duecourse_app",)
        with pytest.raises(ProgrammingError, match="permission denied for schema public"), transaction.atomic():
            cursor.execute("CREATE TABLE mine (id int)")


@pytest.mark.django_db
@pytest.mark.parametrize("turn", [1, 2])
def test_db_is_rolled_back(turn):
    """What one test writes the next does not see."""
    assert not Session.objects.exists()
    _keep("x")


def test_committed_db_commits(committed_db):
    """In a database of one's own, another connection sees what was written."""
    _keep("y")
    with committed_db.connect() as other:
        assert other.execute("SELECT session_key FROM django_session").fetchall() == [("y",)]
        assert other.info.dbname == connections["default"].settings_dict["NAME"] == committed_db.name


def test_committed_db_is_fresh(committed_db):
    """The next such test begins from the migrated schema, not from what the last one left."""
    assert not Session.objects.exists()


def test_threads_meet(committed_db):
    """Threads have connections of their own to the one database, and what they raise is handed back."""

    def insert(number: int) -> int:
        _keep("same")
        return number

    results = committed_db.parallel(insert, count=4)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum("duplicate key" in str(result) for result in results if isinstance(result, Exception)) == 3


def test_roles_of_connections(committed_db):
    """The helper opens connections as application, owner and superuser."""
    names = []
    for role in ("app", "owner", "superuser"):
        with committed_db.connect(role) as opened:
            names.append(opened.execute("SELECT current_user").fetchone()[0])
    assert names == ["duecourse_app", "duecourse_owner", "postgres"]


def test_live_url(live_url, committed_db, settings):
    """The live server answers with the strict policy and reads what the test committed."""
    settings.ROOT_URLCONF = "tests.config.urls_for_tests"
    _keep("z")
    with urllib.request.urlopen(f"{live_url}/sessions/") as answer:  # noqa: S310 - our own server
        assert answer.read() == b"1 duecourse_app"
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert {part.strip() for part in policy.split(";")} >= {"default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"}
    assert "unsafe" not in policy
