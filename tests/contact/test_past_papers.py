"""The audit of a creditor's own contacts goes by the papers of that time, so that it says what the gate said whatever was changed since.

1. For any course of papers written, approved, refused, ended and asked under, the audit refuses what the gate's rules refused and clears what it
   permitted, decision by decision, by the same rules.
2. What is approved later, for days that are over, changes nothing of them.
3. A contract binds its agency alone, an agreement its debtor alone.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.contact.selectors.history import Past, past_of
from duecourse.contact.services import Answer, attempt_report, paper_add, paper_approve, paper_end, paper_reject, permit_request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.rules.audit import audit
from duecourse.rules.load import shipped_pack
from duecourse.rules.what_if import Change, Way, what_if
from tests.contact.scene import DAY, NOON, Scene, scene
from tests.contact.test_papers import MOST, UNTIL, parameters

pytestmark = pytest.mark.django_db
OUTCOMES = ("connected", "busy", "not_made", "promise", None)
LAYERS = ("creditor_policy", "agency_contract", "agreement")


class Course:
    """What happens in the scene, at instants that rise."""

    def __init__(self, the: Scene) -> None:
        self.the, self.at, self.number = the, NOON, 0
        self.said: dict[int, set[str]] = {}
        self.waiting: list[int] = []

    def later(self, minutes: int) -> None:
        """Let time pass."""
        self.at += timedelta(minutes=minutes)

    def write(self, layer: str, name: str, value: object, *, day: int, code: str = "") -> None:
        """Write a version of a paper, not approved yet."""
        unit = "minute_of_day" if name == UNTIL else "count_per_local_day"
        party = {"agency_id": self.the.bank.aoki.pk} if layer == "agency_contract" else {}
        party |= {"person_id": self.the.person.pk} if layer == "agreement" else {}
        with frozen(self.at):
            on = DAY + timedelta(days=day)
            made = paper_add(
                actor=self.the.bank.qiu, layer=layer, code=code or f"{layer}-{name[-9:]}", title_zh="文", title_en="Paper", issued_on=DAY,
                effective_on=on, parameters=parameters(name, value, unit, from_on=on), **party,
            )  # fmt: skip
        self.waiting.append(made.pk)

    def decide(self, *, is_granted: bool = True) -> None:
        """Have Mei decide on what was written last."""
        if self.waiting:
            number = self.waiting.pop()
            with frozen(self.at):
                if is_granted:
                    paper_approve(actor=self.the.bank.mei, paper_id=number)
                else:
                    paper_reject(actor=self.the.bank.mei, paper_id=number, reason="no")

    def end(self, code: str, *, day: int) -> None:
        """End a paper, where there is one."""
        with frozen(self.at):
            self.waiting.append(paper_end(actor=self.the.bank.qiu, code=code, on=DAY + timedelta(days=day)).pk)

    def ask(self, code: str, outcome: str | None = "connected") -> Answer:
        """Ask the gate for a call now, report its outcome, and remember by which rules it refused."""
        self.number += 1
        case, actor = self.the.cases[code], self.the.actor(code)
        with frozen(self.at):
            answer = permit_request(
                actor=actor, case_id=case.pk, channel="call", contact_at=self.at, client_request_id=str(self.number),
            )  # fmt: skip
            if answer.is_permit and outcome is not None:
                attempt_report(actor=actor, permit_id=answer.id, outcome=outcome, started_at=self.at)
        self.said[answer.id if answer.is_permit else -answer.id] = {reason["rule"] for reason in answer.explanation["reasons"]}
        return answer

    def past(self, *, has_refusals: bool = True) -> Past:
        """Return the whole course as a history."""
        with acting(self.the.bank.system):
            days = {"from_on": DAY - timedelta(days=1), "until_on": DAY + timedelta(days=90)}
            return past_of(creditor_id=self.the.bank.id, **days, has_refusals=has_refusals)

    def audited(self) -> dict[int, set[str]]:
        """Return the refusing rules that the audit finds, by decision."""
        past = self.past()
        found, _ = audit(past.events, packs=(shipped_pack("cn"),), known_until=self.at + timedelta(days=1), papers=past.papers)
        assert found.event_count == found.judged_count == len(self.said)
        rows = {row["event_id"]: row for row in (found.breaches.to_pylist() if found.breaches is not None else [])}
        refusing = {rule.id for rule in shipped_pack("cn").rules if rule.modality == "must_not"}
        return {number: set(rows[number]["rule_ids"].split("; ")) & refusing if number in rows else set() for number in self.said}


STEPS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(["aoki", "birch"]), st.sampled_from(OUTCOMES)),
    st.tuples(st.just("ask"), st.sampled_from(["aoki", "birch"]), st.sampled_from(OUTCOMES)),
    st.tuples(st.just("write"), st.sampled_from(LAYERS), st.one_of(st.tuples(st.just(MOST), st.integers(0, 4)),
              st.tuples(st.just(UNTIL), st.sampled_from(["12:30", "20:00", "21:00"]))), st.integers(-2, 3)),
    st.tuples(st.just("decide"), st.sampled_from([True, True, False])),
    st.tuples(st.just("later"), st.sampled_from([1, 20, 60, 480, 500, 1440])),
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=4, max_size=22))
def test_1_the_audit_says_what_the_gate_said(db: None, steps: list[tuple]) -> None:
    """Over policies, contracts and agreements that come, wait, are refused and follow each other, every decision is found again."""
    from django.db import transaction

    with transaction.atomic():
        course = Course(scene())
        for what, *more in steps:
            course.later(1)
            if what == "write":
                layer, (name, value), day = more
                course.write(layer, name, value, day=day)
            elif what == "decide":
                course.decide(is_granted=more[0])
            else:
                {"ask": course.ask, "later": course.later}[what](*more)
        expected = course.said
        assert not expected or course.audited() == expected
        transaction.set_rollback(True)


def test_2_what_is_approved_later_changes_nothing_of_what_was(db: None) -> None:
    """A policy of one call a day, set midway and for the days before too, refuses from its approval on; today's papers alone would say more."""
    course = Course(scene())
    for code in ("aoki", "birch"):
        course.later(10)
        assert course.ask(code).is_permit
    course.write("creditor_policy", MOST, 1, day=-2, code="one")
    course.later(10)
    assert course.ask("aoki").is_permit
    course.later(10)
    course.decide()
    course.later(10)
    assert not course.ask("birch").is_permit
    course.later(1440)
    assert course.ask("birch").is_permit
    course.later(10)
    assert not course.ask("aoki").is_permit
    course.end("one", day=-2)
    course.later(10)
    assert not course.ask("aoki").is_permit
    course.decide()
    course.later(10)
    assert course.ask("aoki").is_permit
    assert course.audited() == course.said
    assert sum(map(bool, course.said.values())) == 3
    past = course.past(has_refusals=False)
    assert sorted(past.events["event_id"].to_pylist()) == sorted(number for number in course.said if number > 0)
    assert {key for key in past.events["paper_key"].to_pylist() if key is not None} == past.papers.keys()
    today, _ = audit(
        past.events, packs=(shipped_pack("cn"),), known_until=course.at, layers=[one for some in past.papers.values() for one in some]
    )
    assert today.refused_count > 0


def test_3_each_paper_binds_its_own_party(db: None) -> None:
    """Under a contract with Aoki only Aoki's contacts have its key, and an agreement tells its debtor's from another's."""
    course = Course(scene())
    course.write("agency_contract", UNTIL, "12:30", day=-1)
    course.decide()
    course.later(60)
    assert not course.ask("aoki").is_permit
    course.later(1)
    assert course.ask("birch").is_permit
    assert course.audited() == course.said
    keys = dict(zip(course.past().events["event_id"].to_pylist(), course.past().events["paper_key"].to_pylist(), strict=True))
    assert [key is None for number, key in sorted(keys.items())] == [False, True]


def test_trying_a_value_goes_by_the_papers_of_the_time(db: None) -> None:
    """Calls that a policy of its time allowed are not told as refused before, though today's policy would refuse them."""
    course = Course(scene())
    for minutes in (1, 10, 10):
        course.later(minutes)
        course.ask("aoki")
    course.write("creditor_policy", MOST, 1, day=-3)
    course.decide()
    past = course.past(has_refusals=False)
    given_ = {"packs": (shipped_pack("cn"),), "known_until": course.at, "changes": [Change(MOST, 2, Way.policy)]}
    found, _ = what_if(past.events, **given_, papers=past.papers)
    assert (found.judged_count, found.refused_before, found.refused_after) == (3, 0, 1)


def test_no_papers_no_keys(db: None) -> None:
    """Where a creditor never wrote a paper, every key is null and the log is judged by the texts alone; another creditor's papers are not seen."""
    course = Course(scene())
    course.ask("aoki")
    past = course.past()
    assert (past.events["paper_key"].null_count, past.papers) == (1, {})
    with acting(course.the.bank.system):
        other = past_of(creditor_id=course.the.bank.id + 1, from_on=DAY, until_on=DAY + timedelta(days=1))
    assert (other.events.num_rows, other.papers) == (0, {})
