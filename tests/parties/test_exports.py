"""Exports: who may take rows out, who decides, what the database keeps from changing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from duecourse.kit import clock
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.selectors import event_count, file_read
from duecourse.ledger.services import file_put
from duecourse.parties import selectors, services
from duecourse.parties.access import acting
from duecourse.parties.errors import (
    ExportExpired,
    ExportGrew,
    ExportLeaving,
    ExportNotOpen,
    ExportTermsRefused,
    SamePersonTwice,
)
from duecourse.parties.models import Export, Membership
from tests import factories, people

DAY = people.FIRST_DAY


@pytest.fixture
def bank(db, home):
    """Lanxi Bank, in a transaction that is rolled back, with a home of its own."""
    return factories.bank()


def asked(actor, **changes) -> Export:
    """Ask for an export; `changes` replace single terms."""
    terms = {"listing": "cases", "query": "order=-balance", "columns": ["number"], "row_count": 900, "is_personal": False}
    return services.export_ask(actor=actor, on=changes.pop("on", DAY), **(terms | {"purpose": "Monthly review"} | changes))


def leaves(bank, actor, *, until_on: date) -> None:
    """Let an actor's memberships end on a day."""
    with acting(bank.system):
        Membership.objects.filter(creditor_id=bank.id, user_id=actor.user_id).update(until_on=until_on)


def ready(bank, actor, export: Export) -> Export:
    """Make the export's file."""
    with acting(actor):
        stored = file_put(creditor_id=bank.id, kind="export", name="x.csv", media_type="text/csv", content=b"x", is_personal=True)
    services.export_ready(actor=actor, export_id=export.pk, file_id=stored.id, row_count=1)
    with acting(actor):
        return selectors.access_export(actor=actor, export_id=export.pk)


def test_few_rows_need_nobody_else(bank):
    """Up to 1,000 rows without personal values may be taken out at once; one more, or anything personal, waits for a second person."""
    assert asked(bank.fan, row_count=1000).state == "approved"
    assert asked(bank.fan, row_count=1001).state == "asked"
    assert asked(bank.qiu, is_personal=True).state == "asked"


def test_who_takes_much_needs_a_second_person(bank):
    """The fourth export within 24 hours waits, and so does what brings the rows above 100,000; compliance is shown who."""
    for _ in range(3):
        assert asked(bank.fan).state == "approved"
    assert asked(bank.fan).state == "asked"
    assert asked(bank.qiu, row_count=100_000).state == "asked"
    assert asked(bank.qiu, row_count=1).state == "asked"
    with acting(bank.qiu):
        much = selectors.much_exported(actor=bank.qiu, at=clock.now())
    assert [(row["display_name"], row["export_count"], row["row_count"]) for row in much] == [("Qiu", 2, 100_001), ("Fan", 4, 3_600)]
    with clock.frozen(clock.now() + timedelta(hours=25)):
        assert asked(bank.fan).state == "approved"


def test_second_person_decides(bank):
    """The asker cannot approve, an accountant cannot decide, a manager can; the hash of what was asked stands in the approval."""
    export = asked(bank.mei, row_count=300_000)
    with pytest.raises(SamePersonTwice):
        services.export_approve(actor=bank.mei, export_id=export.pk)
    with pytest.raises(Forbidden):
        services.export_approve(actor=bank.fan, export_id=export.pk)
    services.export_approve(actor=bank.lin, export_id=export.pk, reason="for the audit")
    services.export_approve(actor=bank.lin, export_id=export.pk, reason="for the audit")
    with acting(bank.lin):
        decision = selectors.approval_of(actor=bank.lin, subject_kind="export", subject_id=export.pk)
    assert (decision.content_hash, decision.requested_by_id, decision.decided_by_id) == (
        export.content_hash,
        bank.mei.user_id,
        bank.lin.user_id,
    )
    with pytest.raises(ExportNotOpen):
        services.export_reject(actor=bank.qiu, export_id=export.pk, reason="no")


def test_what_needs_nobody_cannot_be_decided(bank):
    """An export that may be made at once is nobody's to reject."""
    export = asked(bank.fan)
    with pytest.raises(ExportNotOpen):
        services.export_reject(actor=bank.mei, export_id=export.pk, reason="no")


def test_who_leaves_takes_nothing(bank):
    """Whose membership ends within 30 days cannot ask, have made, or download; with a month and a day left they can."""
    kept = ready(bank, bank.fan, asked(bank.fan))
    approved = asked(bank.fan)
    leaves(bank, bank.fan, until_on=DAY + timedelta(days=30))
    with pytest.raises(ExportLeaving):
        asked(bank.fan, row_count=300_000)
    with pytest.raises(ExportLeaving):
        services.export_begin(actor=bank.fan, export_id=approved.pk, on=DAY, now_count=900)
    with pytest.raises(ExportLeaving):
        services.export_download(actor=bank.fan, export_id=kept.pk, on=DAY)
    leaves(bank, bank.fan, until_on=DAY - timedelta(days=1))
    with pytest.raises(ExportLeaving):
        asked(bank.fan)
    leaves(bank, bank.fan, until_on=DAY + timedelta(days=31))
    assert asked(bank.fan).pk


def test_a_second_role_that_stays_is_not_leaving(bank):
    """Who gives up one role and keeps another stays."""
    leaves(bank, bank.fan, until_on=DAY + timedelta(days=3))
    services.membership_grant(actor=bank.mei, user_id=bank.fan.user_id, role="analyst", from_on=DAY)
    assert asked(bank.fan).pk


def test_only_who_asked_downloads_while_it_is_kept(bank):
    """The asker downloads for 24 hours, every time an event; nobody else, not even who approved; afterwards the bytes are gone."""
    export = ready(bank, bank.fan, asked(bank.fan))
    for other in (bank.mei, bank.qiu):
        with pytest.raises(Absent):
            services.export_download(actor=other, export_id=export.pk, on=DAY)
    for _ in range(2):
        assert services.export_download(actor=bank.fan, export_id=export.pk, on=DAY).file_id == export.file_id
    with acting(bank.system):
        key = {"creditor_id": bank.id, "subject_kind": "export", "subject_id": export.pk}
        assert event_count(action="export_downloaded", since_at=clock.now() - timedelta(days=1), **key) == 2
        assert file_read(creditor_id=bank.id, file_id=export.file_id) == b"x"
    with clock.frozen(export.expires_at):
        with pytest.raises(ExportExpired):
            services.export_download(actor=bank.fan, export_id=export.pk, on=DAY)
        assert services.exports_expire(actor=bank.system) == 1
        assert services.exports_expire(actor=bank.system) == 0
    with acting(bank.system), pytest.raises(Exception, match="destroyed"):
        file_read(creditor_id=bank.id, file_id=export.file_id)


def test_more_rows_than_approved_are_not_made(bank):
    """A tenth more rows than were approved is let through, beyond that the export is asked for anew."""
    export = asked(bank.fan, row_count=100)
    assert services.export_begin(actor=bank.fan, export_id=export.pk, on=DAY, now_count=110).pk == export.pk
    with pytest.raises(ExportGrew):
        services.export_begin(actor=bank.fan, export_id=export.pk, on=DAY, now_count=111)


@pytest.mark.parametrize("changes", [{"purpose": "  x "}, {"columns": []}, {"row_count": 0}, {"file_format": "exe"}])
def test_an_export_needs_purpose_columns_and_rows(bank, changes):
    """Without a purpose, a column, a row or a known format nothing is asked for."""
    with pytest.raises(ExportTermsRefused):
        asked(bank.fan, **changes)


def test_agencies_and_others_find_no_export(bank):
    """An agency's lead can neither ask nor see; another bank's manager does not find the number; the system asks for nothing."""
    other = factories.bank(people.OTHER_BANK)
    export = asked(bank.fan)
    with pytest.raises(Forbidden):
        asked(bank.ann)
    with pytest.raises(Forbidden):
        asked(bank.system)
    for actor in (bank.ann, other.mei):
        with acting(actor), pytest.raises(Absent):
            selectors.access_export(actor=actor, export_id=export.pk)


@pytest.mark.parametrize(
    "change", [{"row_count": 5}, {"query": ""}, {"state": "expired", "purpose": "else"}, {"state": "asked"}, {"mark": "0"}]
)
def test_database_keeps_what_was_decided_on(bank, change):
    """What an export takes out never changes, nor does it go back a step."""
    export = asked(bank.fan)
    with acting(bank.fan), pytest.raises(DatabaseError, match="duecourse"), transaction.atomic():
        Export.objects.filter(pk=export.pk).update(**change)


def test_two_people_decide_at_once(committed_db):
    """Mei approves while Qiu rejects: one of them decides, the other is told, and the export is in the state of the decision."""
    bank = factories.bank()
    export = asked(bank.fan, is_personal=True)
    calls = [
        lambda: services.export_approve(actor=bank.mei, export_id=export.pk),
        lambda: services.export_reject(actor=bank.qiu, export_id=export.pk, reason="no"),
    ]
    results = committed_db.parallel(lambda number: calls[number](), count=2)
    assert sorted(type(result).__name__ for result in results) == ["ExportNotOpen", "NoneType"]
    with acting(bank.mei):
        decision = selectors.approval_of(actor=bank.mei, subject_kind="export", subject_id=export.pk)
        assert Export.objects.get(pk=export.pk).state == ("approved" if decision.is_granted else "rejected")


def test_many_windows_do_not_pass_the_alarm(committed_db):
    """Six exports asked for in the same moment: three may be made at once, three wait."""
    bank = factories.bank()
    results = committed_db.parallel(lambda _number: asked(bank.fan).state, count=6)
    assert sorted(results) == ["approved"] * 3 + ["asked"] * 3
