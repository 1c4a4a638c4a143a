"""What nobody can check counts against the performer: a message said not to be sent, a visit said not to be made, a call to no number."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.contact.errors import StatedImplausible
from duecourse.contact.models import CONNECTED_OUTCOMES, Outcome, Permit
from duecourse.contact.services import Answer, attempt_report, facts, permit_request
from duecourse.contact.services.known import Contacted, Request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.portfolio.models import ContactPoint
from duecourse.rules.form import CHANNELS, Bilingual, Unit
from duecourse.rules.vocabulary import COUNT_KEYS, Count, Counted, Fact, OverTime, Source, Vocabulary
from tests.contact.scene import DAY, NOON, Scene, scene
from tests.rules.histories import counted, event, is_counted

OUTCOMES = (None, *Outcome.values)


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def ask(the: Scene, request: str, **more) -> Answer:
    """Ask, as Aoki's Ann, to contact the debtor at noon."""
    wanted = {"actor": the.bank.ann, "case_id": the.cases["aoki"].pk, "channel": "call", "contact_at": NOON, "client_request_id": request}
    with frozen(NOON):
        return permit_request(**wanted | more)


def said(the: Scene, permit: Answer, outcome: str) -> None:
    """Report an outcome at noon."""
    with frozen(NOON):
        attempt_report(actor=the.bank.ann, permit_id=permit.id, outcome=outcome, started_at=NOON)


def use_packs(the: Scene, *packs: str) -> None:
    """Put packs in force."""
    with acting(the.bank.system):
        type(the.bank.creditor).objects.filter(pk=the.bank.id).update(packs=list(packs))


@pytest.mark.parametrize("outcome", ["not_made", "unreachable", "no_answer"])
@pytest.mark.parametrize(("pack", "most"), [("kr", 7), ("au", 3)])
def test_a_message_gives_nothing_back(the: Scene, pack: str, most: int, outcome: str) -> None:
    """Each message is reported as not sent or as having reached nobody, and still the limit of the pack is reached after as many."""
    use_packs(the, pack)
    the.template("t")
    for number in range(most):
        permit = ask(the, f"{number}", channel="sms", template_code="t")
        assert (permit.is_permit, permit.explanation["warnings"]) == (True, []), number
        said(the, permit, outcome)
    answer = ask(the, "more", channel="sms", template_code="t").explanation
    assert [one["rule"] for one in [*answer["reasons"], *answer["warnings"]]] == [
        f"{pack}.{'contacts_weekly' if pack == 'kr' else 'contact_frequency'}"
    ]


def test_a_call_that_was_not_made_gives_its_slot_back(the: Scene) -> None:
    """Telephone records stand against what is said of calls, so ten that were not made leave the day free."""
    for number in range(10):
        permit = ask(the, f"{number}")
        assert permit.is_permit, number
        said(the, permit, "not_made")


def test_a_visit_that_was_not_made_counts_as_one(the: Scene) -> None:
    """Seven visits of a week are said not to have been made, and the eighth contact is refused."""
    use_packs(the, "kr")
    the.template("t")
    for number in range(7):
        permit = ask(the, f"{number}", channel="visit")
        assert permit.is_permit, permit.explanation["reasons"]
        said(the, permit, "not_made")
    refused = ask(the, "more", channel="sms", template_code="t")
    assert [reason["rule"] for reason in refused.explanation["reasons"]] == ["kr.contacts_weekly"]


@pytest.mark.parametrize(
    ("name", "value"), [("has_place_consent", 2), ("has_credentials", 10**15), ("visitors_count", 10**19), ("is_home", -1)]
)
def test_what_is_stated_is_a_value_of_the_fact(the: Scene, name: str, value: int) -> None:
    """Two is no answer to yes or no, and does not pass for consent or credentials; a number beyond counting is none."""
    with pytest.raises(StatedImplausible):
        ask(the, "1", channel="visit", stated={name: value})
    with acting(the.bank.system):
        assert not Permit.objects.exists()


@pytest.mark.parametrize(("channel", "outcome", "which"), list(product(CHANNELS, OUTCOMES, Counted)))
def test_the_gate_counts_as_the_audit_does(channel: str, outcome: str | None, which: Counted) -> None:
    """Every channel, outcome and kind of count: the gate's predicate is the one that the audit is tested against."""
    is_connected = None if outcome is None else outcome in CONNECTED_OUTCOMES
    assert Contacted(DAY, channel, None, outcome, is_connected).counts_as(which) == is_counted(channel, outcome, which)


@pytest.mark.parametrize("numbers", [("named", None), (None, "named"), (None, None), ("named", "named")])
def test_leaving_the_number_out_avoids_no_limit(the: Scene, numbers: tuple[str | None, str | None]) -> None:
    """Two unanswered calls warn of the third to the number, whether they or the third name it; two to another number do not."""
    with acting(the.bank.system):
        first = ContactPoint.objects.get(person=the.person, kind="phone").pk
        second = ContactPoint.objects.create(
            creditor=the.bank.creditor, person=the.person, kind="phone", value_sealed=b"2", valid_from_on=DAY - timedelta(days=9)
        ).pk
    earlier, later = (first if number else None for number in numbers)
    most = 0
    while True:
        permit = ask(the, f"{most}", contact_point_id=earlier)
        if _warned(permit):
            break
        said(the, permit, "no_answer")
        most += 1
        assert most < 20
    said(the, permit, "not_made")
    assert _warned(ask(the, "later", contact_point_id=later))
    said(the, Answer("permit", _last(the), {}, None, None), "not_made")
    assert _warned(ask(the, "other", contact_point_id=second)) == (numbers[0] is None)


def _warned(answer: Answer) -> bool:
    assert answer.is_permit, answer.explanation["reasons"]
    return "cn.unanswered_attempts_daily" in _warnings(answer)


def _warnings(answer: Answer) -> set[str]:
    return {warning["rule"] for warning in answer.explanation["warnings"]}


def _last(the: Scene) -> int:
    with acting(the.bank.system):
        return Permit.objects.latest("pk").pk


contacts = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, 7, 8]), st.sampled_from(OUTCOMES), st.sampled_from(CHANNELS)))


@given(contacts, st.sampled_from([None, 7, 8]), st.sampled_from(COUNT_KEYS[:2]), st.sampled_from(Counted), st.sampled_from([0, 1, 2]))
def test_the_gate_counts_numbers_as_the_audit_does(earlier, point, key, which, days) -> None:
    """Contacts with and without numbers, on any day and channel: the gate and the audit's reading by hand count the same."""
    fact = Fact("n", Unit.count, Source.counted, OverTime.constant, 0, Bilingual("", ""), Count(("call", "sms"), key, which, days))
    reached = [Contacted(DAY - timedelta(days=d), c, p, o, None if o is None else o in CONNECTED_OUTCOMES) for d, p, o, c in earlier]
    request = Request(1, 1, "call", NOON, "1", point)
    vocabulary = Vocabulary({"n": fact}, {})
    values, _ = facts.counted(_Told(reached), request=request, vocabulary=vocabulary, on=DAY)
    rows = [event(n, NOON - timedelta(days=d), contact_point_id=p, outcome=o, channel=c) for n, (d, p, o, c) in enumerate(earlier)]
    now_row = event(10**6, NOON, contact_point_id=point)
    assert values["n"] == counted("n", now_row, earlier=rows, facts={"n": fact})


class _Told:
    """What the gate told, as far as it is counted."""

    def __init__(self, contacts: list[Contacted]) -> None:
        self.contacts = contacts
