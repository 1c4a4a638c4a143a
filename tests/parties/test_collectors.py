"""Evidence of an agency's people: who puts it down, who confirms it, who sees it, and that it stays as it was."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties import services
from duecourse.parties.access import Actor, acting, actors_of
from duecourse.parties.errors import AlreadyDecided, QualificationRefused, QualificationWithdrawn
from duecourse.parties.models import CollectorQualification
from duecourse.parties.selectors import (
    access_collector_qualification,
    collector_qualifications,
    collector_qualifications_waiting,
)
from tests import factories, people

pytestmark = pytest.mark.django_db
DAY = date(2026, 9, 1)
SAID = {"kind": "pre-job training", "document_ref": "no. 12", "valid_from_on": DAY, "valid_until_on": DAY + timedelta(days=365)}


@pytest.fixture
def bank():
    """The house of the tests, on a day in September."""
    from datetime import UTC, datetime

    with frozen(datetime(2026, 9, 1, 4, tzinfo=UTC)):
        yield factories.bank()


def collector(bank, *, email: str = "cai@aoki.example") -> Actor:
    """Make Cai, who collects for Aoki."""
    someone = factories.user(email, name="Cai")
    services.membership_grant(actor=bank.system, user_id=someone.pk, role="collector", from_on=date(2025, 1, 1), agency_id=bank.aoki.pk)
    return actors_of(someone, on=DAY)[0]


def shown(bank, actor: Actor | None = None, *, on: date = DAY) -> list[tuple[str, str, str]]:
    """Return name, kind and state of Aoki's evidence."""
    with acting(actor or bank.qiu) as asking:
        rows = collector_qualifications(actor=asking, agency_id=bank.aoki.pk, on=on)
    return [(row["display_name"], row["kind"], row["state"]) for row in rows]


def test_the_creditors_word_counts_and_a_leads_waits(bank):
    """Qiu's evidence is valid at once; Ann's waits until Mei confirms it; each is there once however often it is put down."""
    cai = collector(bank)
    of = {"agency_id": bank.aoki.pk, "user_id": cai.user_id}
    own = services.collector_qualification_add(actor=bank.qiu, **of, **SAID)
    assert services.collector_qualification_add(actor=bank.mei, **of, **SAID | {"kind": " pre-job   training "}).pk == own.pk
    said = services.collector_qualification_add(actor=bank.ann, user_id=bank.ann.user_id, **SAID)
    assert services.collector_qualification_add(actor=bank.ann, user_id=bank.ann.user_id, **SAID).pk == said.pk
    assert shown(bank) == [("Ann", "pre-job training", "waiting"), ("Cai", "pre-job training", "valid")]
    with acting(bank.mei):
        assert [row["qualification_id"] for row in collector_qualifications_waiting(actor=bank.mei)] == [said.pk]
    for other in (bank.ann, cai, bank.fan):
        with pytest.raises(Forbidden):
            services.collector_qualification_approve(actor=other, qualification_id=said.pk)
    assert services.collector_qualification_approve(actor=bank.mei, qualification_id=said.pk).is_confirmed is True
    with pytest.raises(AlreadyDecided):
        services.collector_qualification_reject(actor=bank.qiu, qualification_id=said.pk, reason="no")
    assert shown(bank)[0][2] == "valid"
    with pytest.raises(Absent):
        services.collector_qualification_approve(actor=bank.mei, qualification_id=own.pk)
    with acting(bank.system):
        trail = AuditEvent.objects.filter(subject_kind="collector_qualification").order_by("id")
        assert [event.action for event in trail] == ["collector_qualification_added"] * 2 + ["approval_granted"]
        assert "training" not in str([event.details for event in trail]), "a lead's own words stay out of the trail"


def test_what_was_refused_may_be_said_again_and_what_was_withdrawn_is_not_confirmed(bank):
    """A refusal stays on record and the same may be put down anew; withdrawn before it was decided on it cannot be confirmed any more."""
    said = services.collector_qualification_add(actor=bank.ann, user_id=bank.ann.user_id, **SAID)
    services.collector_qualification_reject(actor=bank.qiu, qualification_id=said.pk, reason="not legible")
    again = services.collector_qualification_add(actor=bank.ann, user_id=bank.ann.user_id, **SAID)
    assert again.pk != said.pk
    assert services.collector_qualification_withdraw(actor=bank.ann, qualification_id=again.pk).withdrawn_by == bank.ann.user_id
    services.collector_qualification_withdraw(actor=bank.mei, qualification_id=again.pk)
    with pytest.raises(QualificationWithdrawn):
        services.collector_qualification_approve(actor=bank.mei, qualification_id=again.pk)
    assert [state for _, _, state in shown(bank)] == ["withdrawn", "refused"]
    with acting(bank.mei):
        assert collector_qualifications_waiting(actor=bank.mei) == []


@pytest.mark.parametrize(
    ("days", "state"), [(-1, "later"), (0, "valid"), (364 - 30, "valid"), (365 - 30, "soon"), (364, "soon"), (365, "lapsed")]
)
def test_its_state_follows_the_day(bank, days, state):
    """Before it begins, while it holds, in its last thirty days, and from the day it ends."""
    services.collector_qualification_add(actor=bank.qiu, agency_id=bank.aoki.pk, user_id=bank.ann.user_id, **SAID)
    assert shown(bank, on=DAY + timedelta(days=days))[0][2] == state


def test_only_people_who_work_there_have_evidence_there(bank):
    """Neither a stranger, nor another agency's, nor the bank's own, nor whoever left; nor anybody of another bank's."""
    other = factories.bank(people.OTHER_BANK)
    cai = collector(bank)
    for number in (factories.user().pk, bank.bo.user_id, bank.mei.user_id, other.ann.user_id, 10**12):
        with pytest.raises(Absent):
            services.collector_qualification_add(actor=bank.qiu, agency_id=bank.aoki.pk, user_id=number, **SAID)
        with pytest.raises(Absent):
            services.collector_qualification_add(actor=bank.ann, user_id=number, **SAID)
    with pytest.raises(Absent):
        services.collector_qualification_add(actor=bank.qiu, user_id=cai.user_id, **SAID)
    with pytest.raises(Absent):
        services.collector_qualification_add(actor=other.qiu, agency_id=bank.aoki.pk, user_id=cai.user_id, **SAID)
    services.member_leave(actor=bank.mei, user_id=cai.user_id, until_on=DAY)
    with pytest.raises(Absent):
        services.collector_qualification_add(actor=bank.ann, user_id=cai.user_id, **SAID)


def test_a_lead_puts_nothing_down_for_another_agency(bank):
    """Whatever agency Ann names, it is her own; Birch's she neither sees, withdraws nor has confirmed."""
    theirs = services.collector_qualification_add(actor=bank.qiu, agency_id=bank.birch.pk, user_id=bank.bo.user_id, **SAID)
    own = services.collector_qualification_add(actor=bank.ann, agency_id=bank.birch.pk, user_id=bank.ann.user_id, **SAID)
    assert own.agency_id == bank.aoki.pk
    with pytest.raises(Absent):
        services.collector_qualification_withdraw(actor=bank.ann, qualification_id=theirs.pk)
    other = factories.bank(people.OTHER_BANK)
    for stranger in (other.qiu, other.ann):
        with pytest.raises(Absent):
            services.collector_qualification_withdraw(actor=stranger, qualification_id=theirs.pk)
    with acting(bank.ann):
        assert collector_qualifications(actor=bank.ann, agency_id=bank.birch.pk, on=DAY) == []
        with pytest.raises(Absent):
            access_collector_qualification(bank.ann, qualification_id=theirs.pk)
        with pytest.raises(Absent):
            collector_qualifications_waiting(actor=bank.ann)


def test_collectors_and_programs_put_nothing_down(bank):
    """A collector records nothing of their own and sees their own only; a program's word is nobody's."""
    cai = collector(bank)
    for kept in (cai.user_id, bank.ann.user_id):
        services.collector_qualification_add(actor=bank.ann, user_id=kept, **SAID)
    token = Actor(user_id=-3, creditor_id=bank.id, agency_id=bank.aoki.pk, roles=frozenset({"lead"}))
    for actor in (cai, token, bank.fan):
        with pytest.raises(Forbidden):
            services.collector_qualification_add(actor=actor, agency_id=bank.aoki.pk, user_id=cai.user_id, **SAID)
    assert shown(bank, cai) == [("Cai", "pre-job training", "waiting")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "  "},
        {"kind": "x" * 81},
        {"kind": "one, two"},
        {"kind": "a\x00b"},
        {"document_ref": ""},
        {"document_ref": "x" * 201},
        {"document_ref": "no\x1b[31m"},
        {"valid_until_on": DAY},
        {"valid_until_on": DAY.replace(year=2199)},
    ],
)
def test_evidence_that_says_nothing_is_refused(bank, wrong):
    """Without kind or document, with signs that nobody can read, or for no day or half a century it is not kept."""
    with pytest.raises(QualificationRefused):
        services.collector_qualification_add(actor=bank.ann, user_id=bank.ann.user_id, **SAID | wrong)
    assert shown(bank) == []


def test_the_database_keeps_what_was_put_down(bank):
    """No role changes kind, days or whose it is, takes a decision back, removes a row, or lets an agency write one."""
    kept = services.collector_qualification_add(actor=bank.ann, user_id=bank.ann.user_id, **SAID)
    services.collector_qualification_reject(actor=bank.qiu, qualification_id=kept.pk, reason="no")
    for change in ("kind = 'x'", "valid_until_on = '2099-01-01'", "user_id = 1", "is_confirmed = true", "added_by = 1"):
        with pytest.raises(DatabaseError), transaction.atomic(), acting(bank.qiu), connection.cursor() as cursor:
            cursor.execute(f"UPDATE parties_collectorqualification SET {change} WHERE id = %s", [kept.pk])
    with pytest.raises(DatabaseError), transaction.atomic(), acting(bank.qiu), connection.cursor() as cursor:
        cursor.execute("DELETE FROM parties_collectorqualification")
    for query in ("UPDATE parties_collectorqualification SET is_confirmed = true", "DELETE FROM parties_collectorqualification"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), acting(bank.ann), connection.cursor() as cursor:
            cursor.execute(query)
    row = {"creditor_id": bank.id, "agency_id": bank.aoki.pk, "user_id": bank.ann.user_id, **SAID, "content_hash": "0" * 64}
    row |= {"is_said_by_agency": False, "added_by": bank.ann.user_id, "known_at": "2026-09-01T00:00Z"}
    for confirmed in (None, False):
        with pytest.raises(DatabaseError, match="waits_for_creditor"), transaction.atomic(), acting(bank.qiu):
            CollectorQualification.objects.create(**row, is_confirmed=confirmed)
