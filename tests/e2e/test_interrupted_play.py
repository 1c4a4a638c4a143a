"""The demo is killed in the middle of a month, and started again: it ends as if nothing had happened."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest
from django.db import connection, connections

from tests import database
from tests.cycle.months import Counter, at_home, copied, differences, played, small_world, state

pytestmark = pytest.mark.slow

WISHES = {"account_count": 60, "agency_count": 2}


def same_secret(count):
    """Return what is drawn for every month, so that two plays draw alike."""
    return hashlib.sha256(b"the same in every play").digest()[:count]


@pytest.fixture(scope="module")
def start(test_server, django_db_setup, django_db_blocker, tmp_path_factory):
    """A database with the demo's house and nothing played, its home folder, and what an undisturbed play leaves."""
    from duecourse.cycle.services import runs

    folder = tmp_path_factory.mktemp("plays")
    name = database.database_name("house")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs.secrets, "token_bytes", same_secret)
        test_server.create(name)
        with database.pointed_at(name), at_home(folder / "home"):
            played(small_world(**WISHES), months=0)
            connections.close_all()
        whole = copied(test_server, name)
        counter = Counter()
        with database.pointed_at(whole), at_home(folder / "whole"), connection.execute_wrapper(counter):
            played(small_world(**WISHES), months=2)
        yield SimpleNamespace(name=name, folder=folder, wanted=state(test_server, whole), count=counter.count)
        connections.close_all()
    test_server.drop(whole)
    test_server.drop(name)
    shutil.rmtree(folder)


PROGRAM = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from tests import database
    database.use_test_environment()
    from duecourse.config import boot
    boot.set_up_django()
    name, home, cut_at = sys.argv[1:]
    database.point_at(name)
    from django.db import connection
    from duecourse.cycle.services import runs
    from tests.cycle.months import at_home, played, small_world
    from tests.e2e.test_interrupted_play import WISHES, same_secret
    runs.secrets.token_bytes = same_secret

    def kill(execute, sql, params, many, context, counted=[]):
        counted.append(sql)
        if len(counted) == int(cut_at):
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with at_home(Path(home)), connection.execute_wrapper(kill):
        played(small_world(**WISHES), months=2)
""")


@pytest.mark.parametrize("percent", [30, 80])
def test_killed_play_goes_on_to_the_same_months(test_server, start, percent):
    """Killed in the first or in the second month and run again, the play leaves what an undisturbed one leaves, row for row."""
    name, home = copied(test_server, start.name), start.folder / f"killed-{percent}"
    arguments = [name, str(home), str(start.count * percent // 100)]
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=database.ROOT, check=False, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == -9, ended.stderr
    with database.pointed_at(name), at_home(home):
        assert differences(state(test_server, name), start.wanted)
        played(small_world(**WISHES), months=2)
        connections.close_all()
    assert differences(state(test_server, name), start.wanted) == {}
    test_server.drop(name)
