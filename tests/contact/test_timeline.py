"""A case's story: everything once, newest first, by parts; and the gate's answers as people look them up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from duecourse.care.services import complaint_receive, dispute_close, dispute_open
from duecourse.contact.selectors import ANSWERS_PAGE, GROUPS, answer_page, case_timeline, refusals_by_rule
from duecourse.contact.services import attempt_report, permit_request
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import page, page_count
from duecourse.parties.access import acting
from duecourse.portfolio.models import CaseAccount
from duecourse.portfolio.services import hold_by_hand, person_reveal
from duecourse.repayment.services import promise_make
from tests import factories, people
from tests.contact.scene import DAY, NOON, Scene, scene

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def the(db: None) -> Scene:
    """A debtor with a busy morning in the case that is with Aoki."""
    the = scene()
    case = the.cases["aoki"]
    with acting(the.bank.mei):
        account_id = CaseAccount.objects.get(case=case).account_id
    with frozen(NOON):
        given = permit_request(actor=the.bank.ann, case_id=case.pk, channel="call", contact_at=NOON, client_request_id="one")
        attempt_report(actor=the.bank.ann, permit_id=given.id, outcome="promise", started_at=NOON, talk_seconds=90)
        promise_make(
            actor=the.bank.ann, case_id=case.pk, account_id=account_id, amount_minor=5_000, due_on=DAY + timedelta(days=3), made_on=DAY,
            source_kind="attempt", source_id=1,
        )  # fmt: skip
    with frozen(NOON + 10 * MINUTE):
        complaint_receive(actor=the.bank.qiu, case_id=case.pk, kind="rude", external_ref="C-1", received_on=DAY, agency_id=the.bank.aoki.pk)
        dispute = dispute_open(
            actor=the.bank.qiu, case_id=case.pk, account_id=account_id, kind="amount", external_ref="D-1", received_on=DAY
        )
        permit_request(actor=the.bank.ann, case_id=case.pk, channel="call", contact_at=NOON + 10 * MINUTE, client_request_id="two")
    with frozen(NOON + 20 * MINUTE):
        dispute_close(actor=the.bank.qiu, dispute_id=dispute.pk, on=DAY + timedelta(days=1))
        hold_by_hand(actor=the.bank.qiu, case_id=case.pk, kind="bankrupt", from_on=DAY)
    return the


def story(the: Scene, **options) -> list[dict]:
    """Return the story of Aoki's case as Mei reads it, in one part."""
    with acting(the.bank.mei):
        return case_timeline(actor=the.bank.mei, case_id=the.cases["aoki"].pk, limit=200, **options).events


def test_the_story_is_in_order(the: Scene) -> None:
    """Newest first, with who did it, and every kind of thing that happened is there."""
    events = story(the)
    assert [event["at"] for event in events] == sorted((event["at"] for event in events), reverse=True)
    kinds = {event["kind"] for event in events}
    assert kinds == {"permit", "attempt", "promise", "complaint", "dispute", "hold", "refusal", "dispute_closed", "hold_lifted"}
    refusal = next(event for event in events if event["kind"] == "refusal")
    assert refusal["facts"]["codes"] == ["hold_dispute"]
    assert "69" in refusal["facts"]["sources"][0]
    assert refusal["user_name"] == "Ann"


def test_a_reveal_is_part_of_the_story(the: Scene, home) -> None:
    """A look at the debtor stands in the story at once, with its purpose and who looked."""
    from duecourse.portfolio.errors import PersonErased

    with pytest.raises(PersonErased), frozen(NOON + 30 * MINUTE):
        person_reveal(actor=the.bank.mei, person_id=the.person.pk, purpose="complaint")
    assert story(the, groups=["look"]) == []
    from duecourse.ledger.services import audit_append

    with acting(the.bank.mei), frozen(NOON + 30 * MINUTE):
        audit_append(
            creditor_id=the.bank.id,
            action="person_revealed",
            subject_kind="person",
            subject_id=the.person.pk,
            details={"purpose": "legal: notice"},
        )
    (look,) = story(the, groups=["look"])
    assert (look["facts"]["purpose"], look["user_name"]) == ("legal: notice", "Mei")


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_parts_hold_everything_once(the: Scene, limit: int) -> None:
    """However small the parts, and though several events share an instant, together they are the whole story."""
    whole = [(event["kind"], event["id"]) for event in story(the)]
    told, after = [], ""
    with acting(the.bank.mei):
        while True:
            part = case_timeline(actor=the.bank.mei, case_id=the.cases["aoki"].pk, after=after, limit=limit)
            told += [(event["kind"], event["id"]) for event in part.events]
            after = part.after
            if not after:
                break
    assert told == whole


def test_groups_choose(the: Scene) -> None:
    """Each group gives its own kinds, together they give all, and a tampered place begins at the newest."""
    whole = story(the)
    by_group = [event for group in GROUPS for event in story(the, groups=[group])]
    assert len(by_group) == len(whole)
    assert {event["kind"] for event in story(the, groups=["contact"])} == {"permit", "refusal", "attempt"}
    for after in ("x", "2026-09-01~permit~1", "2026-09-01T00:00:00+00:00~permit~1; DROP TABLE x", f"~permit~{'9' * 40}"):
        assert story(the, after=after) == whole


def test_another_bank_reads_no_story(the: Scene) -> None:
    """The manager of another creditor finds no such case."""
    other = factories.bank(people.OTHER_BANK)
    with acting(other.mei), pytest.raises(Absent):
        case_timeline(actor=other.mei, case_id=the.cases["aoki"].pk)


def test_refusals_by_rule_and_agency(the: Scene) -> None:
    """The long table, its filters and its counts agree, and one refusal shows what it rests on."""
    query = ANSWERS_PAGE["refusal"]
    with acting(the.bank.qiu):
        everything = page(query, creditor_id=the.bank.id, order="-decided").rows
        assert [(row["code"], row["performer_code"], row["user_name"]) for row in everything] == [("hold_dispute", "aoki", "Ann")]
        for filters, count in (
            ({"rule": "hold_dispute"}, 1),
            ({"rule": "contact_hours"}, 0),
            ({"performer": str(the.bank.birch.pk)}, 0),
            ({"from_on": DAY.isoformat(), "until_on": DAY.isoformat(), "channel": "call"}, 1),
            ({"from_on": (DAY + timedelta(days=1)).isoformat()}, 0),
            ({"case": str(the.cases["aoki"].pk)}, 1),
        ):
            assert page_count(query, creditor_id=the.bank.id, filters=filters) == count, filters
        summary = refusals_by_rule(creditor_id=the.bank.id, filters={}, on=DAY)
        assert (summary["request_count"], summary["debtor_count"]) == (1, 1)
        assert [(row["code"], row["performer_code"], row["request_count"]) for row in summary["rows"]] == [("hold_dispute", "aoki", 1)]
        one = answer_page(actor=the.bank.qiu, kind="refusal", answer_id=everything[0]["id"])
        assert one["explanation"]["grounds"][0]["code"] == "hold_dispute"
        assert one["day"] == {"held_count": 1, "connected_count": 1}


def test_permits_with_what_came_of_them(the: Scene) -> None:
    """The long table of permits tells the outcome, and one permit shows its attempt."""
    with acting(the.bank.qiu):
        (row,) = page(ANSWERS_PAGE["permit"], creditor_id=the.bank.id, order="-decided").rows
        one = answer_page(actor=the.bank.qiu, kind="permit", answer_id=row["id"])
    assert (row["outcome"], one["attempt"]["outcome"]) == ("promise", "promise")


def test_an_agency_finds_its_own_answers_only(the: Scene) -> None:
    """Birch's people get Aoki's refusal as if there were none."""
    with acting(the.bank.qiu):
        (row,) = page(ANSWERS_PAGE["refusal"], creditor_id=the.bank.id, order="-decided").rows
    with acting(the.bank.bo), pytest.raises(Absent):
        answer_page(actor=the.bank.bo, kind="refusal", answer_id=row["id"])
    with acting(the.bank.ann):
        assert answer_page(actor=the.bank.ann, kind="refusal", answer_id=row["id"])["performer_code"] == "aoki"
