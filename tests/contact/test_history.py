"""The audit of a creditor's own contacts says what the gate said."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

from duecourse.contact.selectors.history import EVENTS, events_frame
from duecourse.parties.access import acting
from duecourse.rules.audit import audit
from duecourse.rules.load import shipped_pack
from tests.contact.scene import DAY, NOON, Scene, scene
from tests.contact.test_permits import ask, report

pytestmark = pytest.mark.django_db
UNTIL = date(2027, 1, 1)
FOUR = ("connected",) * 4


def frame_of(the: Scene, *, from_on: date = DAY, until_on: date = UNTIL) -> pa.Table:
    """Return the scene's contacts as the creditor exports them."""
    with acting(the.bank.system):
        return events_frame(creditor_id=the.bank.id, from_on=from_on, until_on=until_on)


def refused_by_audit(log: pa.Table) -> dict[int, set[str]]:
    """Return the rules that find fault, by event."""
    found, _ = audit(log, packs=(shipped_pack("cn"),), known_until=UNTIL)
    rows = found.breaches.to_pylist() if found.breaches is not None else []
    return {row["event_id"]: set(row["rule_ids"].split("; ")) for row in rows if row["is_refused"]}


@pytest.mark.parametrize("outcomes", [FOUR, ("busy", "connected", "no_answer", "promise", "connected", "busy", "connected")])
def test_replay_through_the_gate_gives_the_same_verdicts(outcomes: tuple[str, ...]) -> None:
    """Events that the gate permitted are clear in the audit; the first that it refuses is found in it, by the same rules."""
    the, at, refusal = scene(), NOON, None
    for number, outcome in enumerate(outcomes):
        at = NOON + timedelta(minutes=number * 20)
        code = ("aoki", "birch")[number % 2]
        answer = ask(the, code, number, at=at)
        if not answer.is_permit:
            refusal = answer
            break
        report(the, code, answer.id, outcome, at=at)
    assert refusal is not None
    log = frame_of(the)
    assert log.schema.names[: len(EVENTS)] == EVENTS.names
    assert log.num_rows == number == (3 if outcomes == FOUR else 5)
    assert refused_by_audit(log) == {}
    added = log.slice(0, 1).to_pylist()[0] | {"event_id": 10**6, "at": at, "outcome": None}
    said = refused_by_audit(pa.concat_tables([log, pa.Table.from_pylist([added], schema=log.schema)]))
    assert said == {10**6: {reason["rule"] for reason in refusal.explanation["reasons"]}} == {10**6: {"cn.connected_calls_daily"}}


def test_frame_holds_days_of_the_span_and_what_was_reported() -> None:
    """The last day is left out; an unreported outcome is null; zone, kind and lender are those of the decision; no other creditor's rows."""
    the = scene(zone="Asia/Shanghai|Asia/Urumqi")
    answer = ask(the, "aoki", 1)
    (row,) = frame_of(the).to_pylist()
    assert {name: row[name] for name in EVENTS.names} == {
        "event_id": answer.id, "at": NOON, "person_id": the.person.pk, "contact_point_id": None, "channel": "call", "performer": "aoki",
        "performer_kind": "agency", "zone": "Asia/Shanghai|Asia/Urumqi", "outcome": None, "talk_seconds": None,
        "lender_class": answer.explanation["lender_class"] or None, "product_class": "credit_card",
    }  # fmt: skip
    report(the, "aoki", answer.id, "busy")
    assert frame_of(the)["outcome"].to_pylist() == ["busy"]
    assert frame_of(the, from_on=DAY - timedelta(days=9), until_on=DAY).num_rows == 0
    with acting(the.bank.system):
        assert events_frame(creditor_id=the.bank.id + 1, from_on=DAY, until_on=UNTIL).num_rows == 0


def test_facts_that_the_gate_was_given_stand_in_the_frame() -> None:
    """What was stated and what the records gave are columns; what nobody gave is empty, and a rule that reads it is not judged there."""
    the = scene()
    said = ask(the, "aoki", 1, stated={"is_payment_asked": 1})
    silent = ask(the, "birch", 2, at=NOON + timedelta(minutes=1))
    assert said.is_permit
    assert silent.is_permit
    log = frame_of(the)
    given = {row["event_id"]: (row["is_payment_asked"], row["is_deceased"]) for row in log.to_pylist()}
    assert given == {said.id: (1, 0), silent.id: (None, 0)}
    found, _ = audit(log, packs=(shipped_pack("cn"),), known_until=UNTIL)
    assert found.partly["cn.third_party_purpose"] == 1
    assert "is_deceased" not in found.assumed
    assert "cn.third_party_purpose" not in {rule.id for rule, _, _ in found.unjudged}
