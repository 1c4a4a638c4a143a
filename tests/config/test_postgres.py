"""The embedded server: it starts once, survives kill -9, and lives wherever the home folder is.

Each test has a cluster of its own, without fsync.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from duecourse.config import binaries, keyfile, postgres
from duecourse.config.errors import PostgresMissing, PostgresTooOld, SecretsLost
from duecourse.config.postgres import Cluster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


@pytest.fixture
def home(open_folder):
    """A home folder that does not exist yet."""
    return open_folder / "home"


@pytest.fixture
def made(home):
    """Makes clusters and removes them all afterwards."""
    clusters = []

    def make(where: Path = home, **wishes) -> Cluster:
        clusters.append(Cluster(where, is_durable=False, shared_buffers_mb=64, **wishes))
        return clusters[-1]

    yield make
    for cluster in clusters:
        cluster.remove()


@pytest.fixture
def running(test_server):
    """The cluster all tests share, for those that only look at it."""
    return test_server.cluster


def version(cluster: Cluster) -> str:
    """Return what the server says of itself."""
    with cluster.connect() as connection:
        return connection.execute("SHOW server_version").fetchone()[0]


def test_starts_once_and_stays(made):
    """A second call finds the running server, at the same port, over TCP and over the socket."""
    cluster = made()
    first, second = cluster.ensure(), Cluster(cluster.home).ensure()
    assert (first.pid, first.port) == (second.pid, second.port)
    login = cluster.login()
    with psycopg.connect(
        host=str(first.socket_folder), port=first.port, user=login.user, password=login.password, dbname="postgres"
    ) as inside:
        assert inside.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def test_asks_for_a_password(running):
    """Neither TCP nor the socket lets anybody in without the password."""
    status = running.status()
    for host in ("127.0.0.1", str(status.socket_folder)):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=host, port=status.port, user="postgres", dbname="postgres")


def test_sorts_by_code_point(running):
    """The locale is C.UTF-8, so that an index means the same on every machine; upper and lower case still know Unicode."""
    with running.connect() as connection:
        assert connection.execute("SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['b', 'B', 'a', '阿']) x").fetchone() == ("Bab阿",)
        assert connection.execute("SELECT upper('é')").fetchone() == ("É",)


def test_kill_9_then_start(made):
    """After kill -9 of the postmaster the next start recovers what was committed, also while a backend still runs."""
    cluster = made()
    status = cluster.ensure()
    with cluster.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        connection.execute("CHECKPOINT")
    busy = cluster.connect()
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
    os.kill(status.pid, signal.SIGKILL)
    again = cluster.ensure()
    assert again.is_running
    assert again.pid != status.pid
    with cluster.connect() as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    busy.close()


def test_leftover_marks_of_the_dead(made):
    """Marks that name a process which is no server of ours (its number was used again) do not keep it from starting."""
    cluster = made()
    cluster.ensure()
    cluster.stop()
    data = cluster.folder / "data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n{cluster.status().port}\n/tmp\n127.0.0.1\n0 0\nready\n")
    assert not cluster.status().is_running
    assert cluster.ensure().is_running


def test_port_taken_by_another(made):
    """When another program holds the remembered port, the server takes another and remembers it."""
    cluster = made()
    port = cluster.ensure().port
    cluster.stop()
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        moved = cluster.ensure().port
    assert moved != port
    cluster.stop()
    assert cluster.ensure().port == moved


def test_two_starts_at_once(home, made):
    """Four processes that start the same home at once get one server and one password."""
    made()
    program = (
        "import sys; from pathlib import Path; from duecourse.config.postgres import Cluster\n"
        "cluster = Cluster(Path(sys.argv[1]), is_durable=False, shared_buffers_mb=64); status = cluster.ensure()\n"
        "cluster.connect().close(); print(status.pid, status.port)"
    )
    starts = [subprocess.Popen([sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = {start.communicate(timeout=120)[0] for start in starts}
    assert [start.returncode for start in starts] == [0] * 4
    assert len(told) == 1


def test_stop_ends_it(made):
    """Stopping ends the process, and stopping twice says so."""
    cluster = made()
    pid = cluster.ensure().pid
    assert cluster.stop()
    assert not cluster.stop()
    assert not cluster.status().is_running
    assert not postgres._is_postgres(pid, cluster.folder / "data")


@as_root
def test_runs_as_somebody_else(running):
    """Started as root, the server's process and files belong to an unprivileged user."""
    user = Path(f"/proc/{running.status().pid}").stat().st_uid
    assert user != 0
    assert (running.folder / "data").stat().st_uid == user
    assert (running.home / keyfile.SECRETS_FILE).stat().st_uid == 0


@as_root
def test_closed_home(open_folder, made):
    """Under a folder that only root may enter, the files go elsewhere, a pointer tells where, and removing takes them away."""
    closed = open_folder / "root"
    closed.mkdir(mode=0o700)
    cluster = made(closed / "home")
    assert cluster.ensure().is_running
    elsewhere = cluster.folder
    assert elsewhere.parent in postgres.SHELVES
    assert elsewhere.stat().st_mode & 0o777 == 0o700
    cluster.stop()
    assert Cluster(closed / "home", is_durable=False).ensure().is_running
    assert cluster.remove() == elsewhere
    assert not elsewhere.exists()


@as_root
def test_closed_programs(open_folder, made, monkeypatch):
    """Programs that the server's user cannot reach are copied to where it can, once."""
    closed = open_folder / "root"
    closed.mkdir(mode=0o700)
    installed = binaries.find(None).folder.parent
    for origin in (installed.parent, installed.parent.with_name(f"{installed.parent.name}.libs")):
        if origin.is_dir():
            shutil.copytree(origin, closed / origin.name)
    chosen = closed / installed.parent.name / installed.name / "bin"
    shelf = open_folder / "shelf"
    monkeypatch.setattr(postgres, "SHELVES", (shelf,))
    shelf.mkdir(mode=0o755)
    cluster = made(closed / "home", chosen=chosen)
    assert cluster.ensure().is_running
    assert cluster.programs.folder.is_relative_to(shelf)
    cluster.stop()
    Cluster(closed / "home", chosen=chosen, is_durable=False).ensure()
    assert len(list(shelf.glob("duecourse-programs-*"))) == 1


def test_long_path(home, made):
    """A path too long for a unix socket does not keep the server from starting."""
    deep = home / ("long" * 20) / ("longer" * 10)
    deep.parent.mkdir(parents=True)
    for folder in (home, deep.parent):
        folder.chmod(0o755)
    assert made(deep).ensure().is_running


def test_lost_secrets(made):
    """A cluster whose password is gone is refused with a word about the keys, not with a failed login."""
    cluster = made()
    cluster.ensure()
    cluster.stop()
    (cluster.home / keyfile.SECRETS_FILE).rename(cluster.home / "elsewhere")
    with pytest.raises(SecretsLost, match=r"password is not in .*secrets\.env"):
        cluster.ensure()


def test_interrupted_creation(made):
    """A creation that was cut off leaves no half cluster: the next start begins anew."""
    cluster = made()
    half = cluster.home / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    cluster.home.chmod(0o711)
    assert cluster.ensure().is_running
    assert not half.exists()


def test_old_programs_are_refused(tmp_path):
    """A bin folder of version 14 is refused by name, and an empty one too."""
    old = tmp_path / "bin"
    old.mkdir()
    (old / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    (old / "postgres").chmod(0o755)
    with pytest.raises(PostgresTooOld, match="is PostgreSQL 14; duecourse needs 15"):
        binaries.find(old)
    with pytest.raises(PostgresMissing):
        binaries.find(tmp_path)


def test_old_server_is_refused(test_server, monkeypatch):
    """A server that says it is 14.9 is refused, the real one is not."""
    with test_server.cluster.connect() as connection:
        postgres.refuse_old_server(connection)
        monkeypatch.setattr(postgres, "server_version_num", lambda connection: 140_009)
        with pytest.raises(PostgresTooOld, match=r"is PostgreSQL 14\.9; duecourse needs 15 or newer"):
            postgres.refuse_old_server(connection)


def test_system_programs(made):
    """The system's PostgreSQL serves too, with the locale its version knows."""
    folders = [folder for folder in binaries._candidates() if str(folder).startswith("/usr/lib/postgresql")]
    usable = [folder for folder in folders if (folder / "initdb").exists() and (binaries.version_of(folder / "postgres") or 0) >= 15]
    if not usable:
        pytest.skip("this machine has no PostgreSQL of its own")
    cluster = made(chosen=usable[0])
    cluster.ensure()
    assert version(cluster).startswith(str(cluster.programs.major))
    with cluster.connect() as connection:
        assert connection.execute("SELECT upper('é')").fetchone() == ("É",)
