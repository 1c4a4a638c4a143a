"""A month of the tests, kept at the moment before each of its ten steps, and a way to tell two months apart.

The simulated world is played once; before each step of its second month the database and the home folder are copied. A test takes
such a copy, does something to the step, and compares what is there afterwards with what an undisturbed run leaves.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from tests import database

ACCOUNTS = 80
SUBJECT = "2026-10"
STEP_NAMES = ("intake", "snapshot", "score", "allocate", "hand_over", "contact", "repay", "measure", "settle", "close")
RANDOM = {("cycle_run", "commitment"), ("cycle_run", "audit_hash"), ("cycle_run", "audit_position")}
MADE_OF_IDS = re.compile(r"(^|_)(id|hash|sha256|key|keys|position)$|_ids$")
KINDS = (
    "bigint",
    "integer",
    "smallint",
    "text",
    "character varying",
    "date",
    "boolean",
    "timestamp with time zone",
    "tstzrange",
    "numeric",
)

_numbers = count(1)


@dataclass(frozen=True)
class Moment:
    """The house just before a step.

    Attributes:
        step: the step's name.
        database: the copy of the database.
        home: the copy of the home folder.
        tape: the month's tape.
        at: the instant at which the step is run.
        actor: who runs it.
        as_of: the business date.
    """

    step: str
    database: str
    home: Path
    tape: Path
    at: datetime
    actor: Any
    as_of: date


class Keeper:
    """Keeps moments, and hands out copies of them."""

    def __init__(self, server: database.TestServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.moments: dict[str, Moment] = {}
        self.left: list[str] = []

    def keep(self, step: str, *, month: Any) -> None:
        """Copy database and home folder as they are now."""
        from django.conf import settings
        from django.db import connections

        from duecourse.kit.clock import now

        connections.close_all()
        home = self.folder / f"before-{step}"
        shutil.copytree(settings.DUECOURSE_HOME, home)
        name = self._copied(connections.databases["default"]["NAME"])
        tape = self.folder / "tape.parquet"
        if not tape.exists():
            shutil.copy(month.options["tape"], tape)
        self.moments[step] = Moment(step, name, home, tape, now(), month.actor, month.as_of)

    @contextmanager
    def restored(self, step: str) -> Iterator[Moment]:
        """Give a copy of a kept moment; Django's logins and the home folder are those of the copy inside the block."""
        from django.db import connections

        kept = self.moments[step]
        home = self.folder / f"copy-{next(_numbers)}"
        shutil.copytree(kept.home, home)
        name = self._copied(kept.database)
        try:
            with at_home(home), database.pointed_at(name):
                yield replace(kept, database=name, home=home)
        finally:
            connections.close_all()
            self._dropped(name)
            shutil.rmtree(home)

    def drop(self) -> None:
        """Drop every copy that is left."""
        for name in list(self.left):
            self._dropped(name)

    def _dropped(self, name: str) -> None:
        self.server.drop(name)
        self.left.remove(name)

    def _copied(self, source: str) -> str:
        self.left.append(copied(self.server, source))
        return self.left[-1]


class Counter:
    """Counts the statements of a block, and cuts it off at one of them; for Django's `execute_wrapper`."""

    def __init__(self, cut_at: int | None = None) -> None:
        self.count = 0
        self.cut_at = cut_at

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        """Run a statement, unless it is the one."""
        self.count += 1
        if self.count == self.cut_at:
            raise PulledOut
        return execute(sql, params, many, context)


class PulledOut(Exception):
    """The power went out."""


def copied(server: database.TestServer, source: str) -> str:
    """Copy a database to which nobody is connected, and return the copy's name; whoever asks drops it."""
    from duecourse.config import roles

    name = database.database_name(f"month{next(_numbers)}")
    with server.cluster.connect() as connection:
        roles.ensure_database(connection, name, template=source)
    with server.cluster.connect(database=name) as connection:
        roles.grant(connection)
    return name


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Use a home folder and the keys of these tests for the length of a block."""
    from django.conf import settings

    from duecourse.kit.crypto import Keyring

    before = settings.DUECOURSE_HOME, settings.DUECOURSE_KEYRING
    settings.DUECOURSE_HOME, settings.DUECOURSE_KEYRING = home, Keyring({"test-1": b"t" * 32}, active_id="test-1")
    try:
        yield
    finally:
        settings.DUECOURSE_HOME, settings.DUECOURSE_KEYRING = before


def press(moment: Moment) -> Any:
    """Run the moment's step as its command does, and return its StepRun."""
    from duecourse.cycle.services import resume
    from duecourse.cycle.steps import STEPS
    from duecourse.doors.commands.cycle import month_of
    from duecourse.kit.clock import frozen

    step = next(step for step in STEPS if step.name == moment.step)
    with frozen(moment.at):
        month = month_of(moment.actor, SUBJECT, as_of=moment.as_of, tape=moment.tape, mapping="native", is_open=False)
        return resume(step, month=month)


def played(world: Any, *, months: int) -> Any:
    """Set the demo's house up and play a world's first months; returns the play."""
    from duecourse.doors.commands.demo.house import demo_house
    from duecourse.doors.commands.demo.play import Play
    from duecourse.doors.commands.house import load_house
    from duecourse.kit.calendar import Month

    settings = world.settings
    document = demo_house(world.agencies(), start_on=settings.start_on, account_count=settings.account_count)
    play = Play(world=world, creditor_id=load_house(document).creditor_id)
    first = Month.parse(f"{settings.start_on:%Y-%m}")
    for number in range(months):
        play.month(first.plus(number))
    return play


def small_world(**wishes: Any) -> Any:
    """Return a world of ACCOUNTS accounts and three agencies, or another when asked for."""
    from duecourse.engine.simulate import World, WorldSettings

    wanted = {"account_count": ACCOUNTS, "months": 2, "agency_count": 3, "start_on": date(2026, 9, 1), "calls_per_case_month": 0.5}
    return World(WorldSettings(wishes.pop("seed", 20260901), **(wanted | wishes)))


def state(server: database.TestServer, name: str) -> dict[str, tuple[int, str]]:
    """Return, for each table, how many rows it has and a digest of them that does not depend on the ids they were given.

    Left out are ids and what is made of them, sealed bytes, JSON, and the next month's random draw.
    """
    found = {}
    with server.cluster.connect(database=name) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        ).fetchall()
        for table in sorted({table for table, _, _ in columns} - {"django_migrations", "django_session"}):
            chosen = [
                column
                for other, column, kind in columns
                if other == table and kind in KINDS and not MADE_OF_IDS.search(column) and (table, column) not in RANDOM
            ]
            row = ", ".join(f'"{column}"' for column in chosen)
            texts = sorted(text for (text,) in connection.execute(f"SELECT row({row})::text FROM {table}"))
            found[table] = (len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest())
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the tables in which two states differ, with both sides."""
    return {table: (one.get(table), other.get(table)) for table in one.keys() | other.keys() if one.get(table) != other.get(table)}
