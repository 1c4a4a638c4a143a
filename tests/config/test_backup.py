"""Backup and restore: the round trip, and everything that must not be half done."""

from __future__ import annotations

import pytest

from duecourse.config import backup
from duecourse.config.environment import DatabaseLogin
from duecourse.config.errors import BackupUnusable, ProgramFailed, RestoreWouldOverwrite


@pytest.fixture
def login(committed_db) -> DatabaseLogin:
    """The administrator's login to a database in which one session is kept under row-level security."""
    with committed_db.connect("owner") as owner:
        owner.execute("CREATE TABLE kept (one int); ALTER TABLE kept ENABLE ROW LEVEL SECURITY; ALTER TABLE kept FORCE ROW LEVEL SECURITY")
        owner.execute("CREATE POLICY ours ON kept TO duecourse_app USING (true)")
    with committed_db.connect() as app:
        app.execute("INSERT INTO kept VALUES (1)")
    return committed_db.server.cluster.login(database=committed_db.name)


@pytest.fixture
def drop(test_server):
    """Collects names of databases to drop after the test."""
    names: list[str] = []
    yield names.append
    for name in names:
        test_server.drop(name)


def kept(committed_db) -> list[int]:
    """Return what the application sees."""
    with committed_db.connect() as app:
        return [one for (one,) in app.execute("SELECT one FROM kept ORDER BY one")]


def test_round_trip(committed_db, login, tmp_path, drop):
    """What was backed up is back after a restore, with owners, rights and policies; what came later is kept aside."""
    done = backup.write(login, tmp_path / "month.dump")
    assert done.size_bytes > 1000
    assert (tmp_path / "month.dump.sha256").read_text() == f"{done.sha256}  month.dump\n"
    with committed_db.connect() as app:
        app.execute("INSERT INTO kept VALUES (2)")
    aside = backup.restore(login, done.path, is_overwriting=True)
    drop(aside)
    assert kept(committed_db) == [1]
    with committed_db.server.cluster.connect(database=aside) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (2,)
    with committed_db.connect("superuser") as connection:
        found = connection.execute(
            "SELECT tableowner, relforcerowsecurity FROM pg_tables, pg_class WHERE tablename = 'kept' AND relname = 'kept'"
        )
        assert found.fetchone() == ("duecourse_owner", True)
        database = connection.execute(
            "SELECT pg_get_userbyid(datdba), datacl::text FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert database[0] == "duecourse_owner"
        assert "{=" not in database[1]
        assert ",=" not in database[1]


def test_over_rows_only_when_told(committed_db, login, tmp_path):
    """Without the word of a person, a database that holds rows stays."""
    done = backup.write(login, tmp_path / "month.dump")
    with pytest.raises(RestoreWouldOverwrite, match="is not empty"):
        backup.restore(login, done.path)
    assert kept(committed_db) == [1]


def test_over_an_empty_one_unasked(committed_db, login, tmp_path, drop):
    """A database without rows is replaced without asking."""
    done = backup.write(login, tmp_path / "month.dump")
    with committed_db.connect("superuser") as connection:
        connection.execute("DELETE FROM kept")
    drop(backup.restore(login, done.path))
    assert kept(committed_db) == [1]


@pytest.mark.parametrize("harm", ["changed", "no checksum", "no file", "no backup"])
def test_unusable_backup(committed_db, login, tmp_path, harm):
    """A backup that is changed, lacks its checksum, is missing or is something else leaves the database as it was."""
    path = tmp_path / "month.dump"
    backup.write(login, path)
    if harm == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    elif harm == "no checksum":
        path.with_name("month.dump.sha256").unlink()
    elif harm == "no file":
        path.unlink()
    else:
        path.write_text("not a backup")
        path.with_name("month.dump.sha256").write_text(backup._digest(path) + "  month.dump\n")
    with pytest.raises(ProgramFailed if harm == "no backup" else BackupUnusable):
        backup.restore(login, path, is_overwriting=True)
    assert kept(committed_db) == [1]
    with committed_db.connect("superuser") as connection:
        query = "SELECT count(*) FROM pg_database WHERE starts_with(datname, %s)"
        assert connection.execute(query, [f"{committed_db.name[:30]}_restoring"]).fetchone() == (0,)


def test_hidden_rows_stop_a_backup(committed_db, login, tmp_path):
    """A login from which row-level security hides rows cannot write a backup that would lack them; no file is left."""
    with committed_db.connect("owner") as owner:
        info = owner.info
        hidden = DatabaseLogin(host=info.host, port=info.port, database=info.dbname, user=info.user, password=info.password)
    with pytest.raises(ProgramFailed, match="row-level security"):
        backup.write(hidden, tmp_path / "month.dump")
    assert list(tmp_path.iterdir()) == []


def test_unwritable_folder(login, tmp_path):
    """A folder that is not there is told before anything is dumped."""
    with pytest.raises(BackupUnusable, match="No such file"):
        backup.write(login, tmp_path / "nowhere" / "month.dump")
