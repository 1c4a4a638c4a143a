"""Rejected rows come back to whoever may load them, and calls go when a creditor said that their time is over, never before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from duecourse.contact.errors import CallRetentionRefused
from duecourse.contact.models import CallMatch, CallRecord, CallRecordFile, CallRemoval
from duecourse.contact.services import (
    CallsForgotten,
    call_records_load,
    call_rejects_open,
    call_retention_on,
    call_retention_set,
    calls_forget,
)
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.selectors import file_ref
from duecourse.parties.access import acting
from duecourse.portfolio.models import Case, Hold
from tests import factories
from tests.contact.call_scene import OTHERS, OWN, STRANGERS, call_scene, row
from tests.contact.scene import DAY, NOON

BAD = "bad,2026-09-01 10:00:00,=cmd(),30,接通,A01,95588,rec,"
OLD_ON = date(2020, 9, 1)
OLD_NOON = datetime(2020, 9, 1, 4, tzinfo=UTC)
TODAY = NOON + timedelta(days=60)
SIX_YEARS = 72


@pytest.fixture
def the(db, home, tmp_path):
    """Two debtors, one with Aoki, one with Birch."""
    return call_scene(tmp_path)


def rejects_of(actor, file_id: int) -> str:
    """Return the rejected rows as text."""
    with call_rejects_open(actor=actor, record_file_id=file_id).stream as stream:
        return stream.read().decode("utf-8-sig")


def old_file(the, *rows: str, by=None) -> int:
    """Load calls of six years ago and return the file's number."""
    with frozen(OLD_NOON + timedelta(hours=8)):
        return call_records_load(
            actor=the.bank.system, path=the.file(*rows), performer_id=(by or the.bank.aoki).pk, on=OLD_ON
        ).record_file_id


def close(the, number: str, *, on: date) -> None:
    """Close a debtor's case."""
    with acting(the.bank.system):
        Case.objects.filter(pk=the.cases[number].pk).update(closed_on=on, open_agency_id=None)


def kept_for(the, months: int | None, *, from_on: date | None = None) -> None:
    """Say as Qiu how long calls are kept, from a day that has come when the tests look."""
    with frozen(NOON):
        call_retention_set(actor=the.bank.qiu, kept_months=months, from_on=from_on or DAY + timedelta(days=30))


def forgotten(the, *, at: datetime = TODAY, **more) -> CallsForgotten:
    """Remove what is over as Mei."""
    with frozen(at):
        return calls_forget(actor=the.bank.mei, **more)


def refs(the) -> set[str]:
    """Return the ids of the calls that are there."""
    with acting(the.bank.system):
        return set(CallRecord.objects.values_list("call_ref", flat=True))


def test_rejected_rows_come_back_to_who_may_load(the):
    """Aoki's lead, Qiu and the system get the rows as they came, each time in the trail; Birch and the platform's collector get nothing."""
    loaded = the.load(row("good"), BAD)
    for actor in (the.bank.ann, the.bank.qiu, the.bank.system):
        assert "=cmd()" in rejects_of(actor, loaded.record_file_id)
    for actor, refusal in (
        (factories.leading(the.bank.bo), Absent),
        (the.bank.bo, (Absent, Forbidden)),
        (the.bank.fan, Forbidden),
    ):
        with pytest.raises(refusal):
            rejects_of(actor, loaded.record_file_id)
    with pytest.raises(Absent):
        rejects_of(the.bank.qiu, loaded.record_file_id + 1)
    whole = the.load(row("whole"))
    with pytest.raises(Absent):
        rejects_of(the.bank.qiu, whole.record_file_id)
    with acting(the.bank.system), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_auditevent WHERE action = 'call_rejects_opened'")
        assert cursor.fetchone() == (3,)


def test_nothing_goes_until_a_creditor_says_so(the):
    """Without a period calls of any age stay; nor does one that is said for later, or one taken back, remove anything."""
    old_file(the, row("old", STRANGERS, at=OLD_NOON))
    assert forgotten(the) == CallsForgotten(None)
    kept_for(the, SIX_YEARS, from_on=DAY + timedelta(days=90))
    assert forgotten(the) == CallsForgotten(None)
    kept_for(the, SIX_YEARS)
    with frozen(TODAY - timedelta(days=1)):
        call_retention_set(actor=the.bank.qiu, kept_months=None, from_on=(TODAY - timedelta(days=1)).date())
    assert forgotten(the) == CallsForgotten(None)
    assert refs(the) == {"old"}


def test_a_period_is_long_enough_and_is_said_in_time(the):
    """Fewer months than the rules in force ask for, a day within thirty, none and too many are refused; only compliance says it."""
    for months, days, said in ((59, 30, "cn.records_kept"), (60, 29, "2026-10-01"), (0, 30, "between"), (10**6, 30, "between")):
        with frozen(NOON), pytest.raises(CallRetentionRefused, match=said):
            call_retention_set(actor=the.bank.qiu, kept_months=months, from_on=DAY + timedelta(days=days))
    for actor in (the.bank.mei, the.bank.ann, the.bank.fan):
        with frozen(NOON), pytest.raises(Forbidden):
            call_retention_set(actor=actor, kept_months=60, from_on=DAY + timedelta(days=30))
    kept_for(the, 60)
    with acting(the.bank.system):
        assert call_retention_on(creditor_id=the.bank.id, on=DAY) is None
        assert call_retention_on(creditor_id=the.bank.id, on=DAY + timedelta(days=30)).kept_months == 60


def test_calls_go_when_their_time_and_their_case_are_over(the):
    """A call of a closed case and a stranger's go with what they were found to be; one of an open case, and one of a recent day, stay."""
    close(the, OWN, on=date(2020, 8, 1))
    file_id = old_file(the, row("gone", OWN, at=OLD_NOON), row("nobody", STRANGERS, at=OLD_NOON), row("open", OTHERS, at=OLD_NOON), BAD)
    the.load(row("recent"))
    kept_for(the, SIX_YEARS)
    told = forgotten(the, is_trial=True)
    assert refs(the) == {"gone", "nobody", "open", "recent"}
    assert forgotten(the) == told == CallsForgotten(TODAY.date().replace(year=2020), 2, 1, 0)
    assert refs(the) == {"open", "recent"}
    with acting(the.bank.system):
        assert CallMatch.objects.count() == 2
        assert (CallRemoval.objects.get().record_count, CallRemoval.objects.get().record_file_id) == (2, file_id)
    assert forgotten(the) == CallsForgotten(told.until_on, 0, 1, 0)
    close(the, OTHERS, on=TODAY.date() - timedelta(days=1))
    assert forgotten(the).record_count == 0
    close(the, OTHERS, on=date(2020, 9, 30))
    assert forgotten(the) == CallsForgotten(told.until_on, 1, 0, 2)
    with acting(the.bank.system):
        stored = CallRecordFile.objects.get(pk=file_id)
        assert stored.counts["accepted_count"] == 3
        for number in (stored.file_id, stored.rejects_file_id):
            assert file_ref(creditor_id=the.bank.id, file_id=number).destroyed_at is not None
    with pytest.raises(Absent):
        rejects_of(the.bank.qiu, file_id)
    assert forgotten(the).file_count == 0


def test_a_hold_keeps_the_calls_of_its_debtor(the):
    """While a lawsuit's hold stands the calls stay, and when it has ended they go."""
    close(the, OWN, on=date(2020, 8, 1))
    old_file(the, row("sued", OWN, at=OLD_NOON))
    with acting(the.bank.system):
        hold = Hold.objects.create(
            creditor=the.bank.creditor, person=the.persons[OWN], kind="litigation", stops_contact=True, stops_placement=True,
            source_kind="test", source_id=1, from_on=OLD_ON, until_on=None, known_at=OLD_NOON,
        )  # fmt: skip
    kept_for(the, SIX_YEARS)
    assert (forgotten(the).record_count, refs(the)) == (0, {"sued"})
    with acting(the.bank.system):
        Hold.objects.filter(pk=hold.pk).update(until_on=DAY)
    assert forgotten(the).record_count == 1


def test_a_day_whose_calls_went_accuses_nobody(the):
    """A reported outcome of such a day is no permit without a call, though the file that had it came."""
    permit = the.permit(OWN, at=OLD_NOON)
    the.attempt(permit, "connected", talk=30)
    old_file(the, row("gone", OWN, at=OLD_NOON))
    close(the, OWN, on=date(2020, 8, 1))
    assert "permit_without_call" not in the.kinds(from_on=OLD_ON, until_on=OLD_ON)
    kept_for(the, SIX_YEARS)
    assert forgotten(the).record_count == 1
    assert the.kinds(from_on=OLD_ON, until_on=OLD_ON) == []


def test_nobody_removes_calls_past_the_period(the):
    """The database itself refuses calls that are kept, another creditor's, and any other way of removing them."""
    recent = the.load(row("recent"))
    old_id = old_file(the, row("old", STRANGERS, at=OLD_NOON))
    today = TODAY.date()
    remove = "SELECT gate.calls_remove(%s, %s, %s)"

    def refused(statement: str, given: list) -> None:
        with pytest.raises(DatabaseError), transaction.atomic(), acting(the.bank.system), connection.cursor() as cursor:
            cursor.execute(statement, given)

    refused(remove, [the.bank.id, today, old_id])
    kept_for(the, SIX_YEARS)
    tried = [(remove, [the.bank.id, today, recent.record_file_id]), (remove, [the.bank.id + 1, today, old_id])]
    tried += [
        ("DELETE FROM contact_callrecord", []),
        ("DELETE FROM contact_callremoval", []),
        ("UPDATE contact_callretention SET kept_months = 1", []),
    ]
    for statement, given in tried:
        refused(statement, given)
    for actor in (the.bank.ann, the.bank.fan):
        with pytest.raises(Forbidden):
            calls_forget(actor=actor)
    with pytest.raises(DatabaseError), transaction.atomic(), acting(the.bank.ann), connection.cursor() as cursor:
        cursor.execute(remove, [the.bank.id, today, old_id])
    assert refs(the) == {"recent", "old"}


def test_the_same_file_after_its_calls_went_does_nothing(the):
    """A file that is sent again years later is known, and its calls do not come back."""
    file = the.file(row("old", STRANGERS, at=OLD_NOON))
    with frozen(OLD_NOON + timedelta(hours=8)):
        call_records_load(actor=the.bank.system, path=file, performer_id=the.bank.aoki.pk, on=OLD_ON)
    kept_for(the, SIX_YEARS)
    assert forgotten(the).record_count == 1
    with frozen(TODAY):
        again = call_records_load(actor=the.bank.system, path=file, performer_id=the.bank.aoki.pk, on=OLD_ON)
    assert (again.is_new, refs(the)) == (False, set())
