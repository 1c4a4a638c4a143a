"""What the end-to-end tests share: a bank played for two months, once per process."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from tests import database
from tests.cycle.months import at_home, played, small_world

ACCOUNTS = 2_000
MONTHS = ("2026-09", "2026-10")


@pytest.fixture(scope="module")
def bank(test_server, django_db_setup, django_db_blocker, tmp_path_factory):
    """The simulated bank with ACCOUNTS accounts after two closed months, in a committed database of its own, and the world's people."""
    from django.db import connections

    from duecourse.parties.access import system

    name, folder = database.database_name("bank"), tmp_path_factory.mktemp("bank")
    world = small_world(account_count=ACCOUNTS, agency_count=6, calls_per_case_month=0.35)
    people = Tapes(world)
    with django_db_blocker.unblock():
        test_server.create(name)
        with database.pointed_at(name), at_home(folder):
            play = played(people, months=len(MONTHS))
            owner = system(play.system.creditor_id)
            yield SimpleNamespace(name=name, home=folder, owner=owner, play=play, tapes=people.tapes, server=test_server)
            connections.close_all()
        test_server.drop(name)
    shutil.rmtree(folder)


class Tapes:
    """A world that keeps the tapes it handed out."""

    def __init__(self, world):
        self.world = world
        self.tapes = []

    def __getattr__(self, name):
        return getattr(self.world, name)

    def tape(self, as_of):
        """Return the world's tape, and keep it."""
        self.tapes.append(self.world.tape(as_of))
        return self.tapes[-1]
