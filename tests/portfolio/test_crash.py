"""Kill -9 at any moment of an intake: the records are as before, or whole; the same command then gives what it would have given.

Real processes, real commits.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from datetime import date

import pytest

from duecourse.ledger.selectors import book_totals
from duecourse.parties.access import acting, system
from duecourse.portfolio import services
from duecourse.portfolio.errors import IntakeBusy, TotalsDisagree
from duecourse.portfolio.models import (
    Account,
    Case,
    CaseAccount,
    CaseTransition,
    ContactPoint,
    Obligation,
    Person,
    PersonSecret,
    Tape,
    TapeRow,
)
from tests import factories
from tests.portfolio.tapes import CHEN, DAI, row

MARCH = date(2026, 3, 1)
ROOM = (Tape, Person, PersonSecret, Account, Obligation, ContactPoint, Case, CaseAccount, CaseTransition, TapeRow)
PROGRAM = textwrap.dedent("""
    import os, signal, sys
    from datetime import date
    from pathlib import Path
    from tests import database
    database.use_test_environment()
    from duecourse.config import boot
    boot.set_up_django()
    name, creditor_id, path, home, moment = sys.argv[1:]
    database.point_at(name)
    from django.conf import settings
    from duecourse.kit.crypto import Keyring
    settings.DUECOURSE_HOME, settings.DUECOURSE_KEYRING = Path(home), Keyring({"test-1": b"t" * 32}, active_id="test-1")
    from duecourse.parties.access import system
    from duecourse.portfolio.services import tape_intake

    def tell(done, total, text):
        if text == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    tape_intake(actor=system(int(creditor_id)), path=Path(path), mapping="native", as_of=date(2026, 3, 1), progress=tell)
""")


def state(creditor_id):
    """Return how many rows each table holds, and the books."""
    with acting(system(creditor_id)):
        return [model.objects.count() for model in ROOM], book_totals(creditor_id=creditor_id)


@pytest.fixture
def committed_bank(committed_db, home):
    """Lanxi Bank in a database where commits are real."""
    return factories.bank()


def repeated(creditor_id, path):
    """Take the tape in once the server has noticed that whoever took it in is gone; until then it says that one is being taken in."""
    for _ in range(100):
        try:
            return services.tape_intake(actor=system(creditor_id), path=path, mapping="native", as_of=MARCH)
        except IntakeBusy:
            time.sleep(0.1)
    raise AssertionError("the killed intake's lock stays")


@pytest.mark.parametrize("moment", ["Reading rows", "persons", "cases", "balances", "done"])
def test_killed_intake_leaves_nothing_and_can_be_repeated(committed_db, committed_bank, home, tape, moment):
    """After the kill no row is there; the same command gives one whole tape, and once more does nothing."""
    path = tape([row("A-1", **CHEN), row("A-2", **CHEN, balance="5.00"), row("B-1", **DAI), row("B-2", balance="x")])
    creditor_id = committed_bank.id
    arguments = [committed_db.name, str(creditor_id), str(path), str(home), moment]
    ended = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == -9, ended.stderr
    assert state(creditor_id) == ([0] * len(ROOM), [])
    first = repeated(creditor_id, path)
    whole = state(creditor_id)
    assert whole == ([1, 2, 2, 3, 3, 2, 2, 3, 2, 3], [("opening", "CNY", -204_850), ("receivable", "CNY", 204_850)])
    second = services.tape_intake(actor=system(creditor_id), path=path, mapping="native", as_of=MARCH)
    assert (first.is_new, second.is_new, second.tape_id) == (True, False, first.tape_id)
    assert state(creditor_id) == whole


def test_two_intakes_of_one_creditor_do_not_run_at_once(committed_db, committed_bank, tape):
    """One of two that start together may be told to wait; the debtor they share is one person in the end."""
    paths = [tape([row(f"{n}-{i}", **CHEN) for i in range(50)], name=f"{n}.csv") for n in "AB"]

    def intake(number):
        return services.tape_intake(actor=committed_bank.system, path=paths[number], mapping="native", as_of=MARCH)

    results = committed_db.parallel(intake, count=2)
    assert all(isinstance(r, (services.IntakeResult, IntakeBusy)) for r in results), results
    assert any(isinstance(r, services.IntakeResult) for r in results)
    for number, result in enumerate(results):
        if isinstance(result, IntakeBusy):
            intake(number)
    with acting(committed_bank.system):
        assert (Person.objects.count(), Account.objects.count(), Case.objects.count()) == (1, 100, 1)


def test_same_file_at_once_is_one_tape(committed_db, committed_bank, tape):
    """Two clicks on one button make one tape."""
    path = tape([row("A-1", **CHEN)])
    intake = lambda _: services.tape_intake(actor=committed_bank.system, path=path, mapping="native", as_of=MARCH)  # noqa: E731
    results = committed_db.parallel(intake, count=2)
    assert sum(getattr(result, "is_new", False) for result in results) == 1
    assert all(getattr(r, "is_new", None) is not None or isinstance(r, IntakeBusy) for r in results), results


def test_staging_leaves_nothing_in_the_session(committed_db, committed_bank, tape):
    """After an intake, and after a refused one, the session has no temporary tables and no lock."""
    from django.db import connection

    for content, name in ((row("A-1", **CHEN), "good.csv"), (row("A-1", **CHEN), "bad.csv")):
        path = tape([content], name=name)
        if name == "bad.csv":
            path.with_name("bad.csv.control.json").write_text('{"rows": 7}')
            with pytest.raises(TotalsDisagree):
                services.tape_intake(actor=committed_bank.system, path=path, mapping="native", as_of=date(2026, 3, 2))
        else:
            services.tape_intake(actor=committed_bank.system, path=path, mapping="native", as_of=MARCH)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'staged%' AND relpersistence = 't'")
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            assert cursor.fetchone() == (0,)
