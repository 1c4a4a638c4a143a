"""What this room's tests share: the second month of a small world, kept before each of its steps."""

from __future__ import annotations

import shutil

import pytest

from tests import database
from tests.cycle import months


@pytest.fixture(scope="session")
def keeper(test_server, django_db_setup, django_db_blocker, tmp_path_factory):
    """The moments of the subject month, and its end; the month is played once per process."""
    from duecourse.cycle.services import resume
    from duecourse.doors.commands.demo import play as demo_play

    folder = tmp_path_factory.mktemp("months")
    found = months.Keeper(test_server, folder)
    name = database.database_name("played")

    def kept(step, *, month):
        if month.run.month == months.SUBJECT:
            found.keep(step.name, month=month)
        done = resume(step, month=month)
        if month.run.month == months.SUBJECT and step.name == "close":
            found.keep("end", month=month)
        return done

    with django_db_blocker.unblock():
        test_server.create(name)
        with pytest.MonkeyPatch.context() as patch, database.pointed_at(name), months.at_home(folder / "home"):
            patch.setattr(demo_play, "resume", kept)
            months.played(months.small_world(), months=2)
        yield found
    found.drop()
    test_server.drop(name)
    shutil.rmtree(folder)
