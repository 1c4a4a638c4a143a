"""What a rule may read: declared facts, other subjects than a contact, and facts that change with time."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.rules.decide import decide, decide_many, judge
from duecourse.rules.errors import FactsMismatch, UnknownFact, VocabularyConflict
from duecourse.rules.facts import FACTS, project
from duecourse.rules.vocabulary import read_vocabulary
from tests.rules.contacts import CN, SAMPLE, contact, frame_of, local

GOOD = {"unit": "count", "source": "record", "title": {"zh": "甲", "en": "a"}}
COUNTED = {**GOOD, "source": "counted", "counts": {"channels": ["call"], "key": "person", "which": "every"}}
BROKEN = [
    ({"fact": {**GOOD, "unit": "furlong"}}, "needs unit as one of"),
    ({"fact": {**GOOD, "source": "rumour"}}, "needs source as one of"),
    ({"fact": {**GOOD, "source": "core"}}, "is of the source core exactly when"),
    ({"local_minute": GOOD}, "is of the source core exactly when"),
    ({"not a name": GOOD}, "is not a name that a body can read"),
    ({"fact": {**GOOD, "source": "counted"}}, "needs counts exactly when its source is counted"),
    ({"fact": {**COUNTED, "over_time": "rolls"}}, "needs counts with window_days"),
    (
        {"fact": {**COUNTED, "counts": {**COUNTED["counts"], "key": "street"}}},
        "needs key as one of person, contact_point, debt, not 'street'",
    ),
    ({"fact": {**GOOD, "mood": "good"}}, "has the unknown key 'mood'"),
]


@pytest.mark.parametrize(("facts", "told"), BROKEN, ids=lambda value: str(value)[:40])
def test_vocabulary_not_in_the_form_is_told(facts, told):
    """Each mistake in a declaration is named with its fact."""
    problems = []
    read_vocabulary({"facts": facts}, place="facts.yaml", problems=problems)
    assert any(told in problem for problem in problems)


def test_fact_that_nobody_declared_is_refused_everywhere():
    """A misspelt fact stops one decision, a frame and a judgement alike."""
    facts = contact(known={"call_slots_held_coutn": 3})
    with pytest.raises(UnknownFact, match="call_slots_held_coutn"):
        decide(facts, packs=(CN,), as_of=facts.local_on)
    with pytest.raises(FactsMismatch, match="call_slots_held_coutn"):
        decide_many(frame_of([contact()]).append_column("call_slots_held_coutn", [[3]]), packs=(CN,))
    with pytest.raises(FactsMismatch, match="local_minute is derived"):
        decide_many(frame_of([contact()]).append_column("local_minute", [[3]]), packs=(CN,))
    with pytest.raises(UnknownFact, match="weather"):
        judge("weather", {}, packs=(SAMPLE,), as_of=date(2026, 1, 1))
    for unfit in ({"kept_years": 3}, {"kept_months": -1}, {"kept_months": 2.0}, {"local_minute": 5}):
        with pytest.raises(UnknownFact, match=next(iter(unfit))):
            judge("record", unfit, packs=(SAMPLE,), as_of=date(2026, 1, 1))


def test_two_packs_that_mean_two_things_by_one_fact_cannot_decide_together(tmp_path):
    """The conflict is named rather than one meaning chosen."""
    declared = [read_vocabulary({"facts": {"fact": {**GOOD, "unit": unit}}}, place="x", problems=[]) for unit in ("count", "days")]
    with pytest.raises(VocabularyConflict, match="the fact fact differently"):
        declared[0].joined(declared[1])


def test_judgement_names_rule_value_and_paper():
    """A record deleted a month early is refused with its article; what falls outside a definition forbids nothing."""
    told = judge("record", {"kept_months": 23}, packs=(SAMPLE,), as_of=date(2026, 1, 1))
    assert not told.allowed
    assert told.reasons[0].explanation.en == "Kept for 23 months, at least 24."
    assert told.to_record()["reasons"][0]["citations"][0]["article"] == "3"
    outside = judge("party", {"is_obligor": 0}, packs=(SAMPLE,), as_of=date(2026, 1, 1))
    assert outside.allowed
    assert outside.finds("sample.debtor_defined")
    assert outside.warnings[0].modality.value == "definition"


def test_evidence_tells_what_was_assumed():
    """A fact that nobody gave is in the record by name, and the value used with it."""
    facts = contact("2026-03-05 10:00", known={"contacts_week_count": 1})
    record = decide(facts, packs=(SAMPLE,), as_of=facts.local_on).to_record()
    assert record["assumed"] == ["days_since_visit"]
    assert record["checked"][0]["facts"] == {"contacts_week_count": "1", "days_since_visit": "100000"}


def test_rolling_count_loses_its_old_days():
    """Two contacts on 28 February and 3 March fill the week until 7 March, when the older is seven days past; without days all is today's."""
    known = {"contacts_week_count": 2}
    days = {"contacts_week_count": ((date(2026, 2, 28).toordinal(), 1), (date(2026, 3, 3).toordinal(), 1))}
    at = [contact("2026-03-05 10:00", known=known, history=history) for history in (days, {})]
    found = [decide(facts, packs=(SAMPLE,), as_of=facts.local_on).next_allowed_at for facts in at]
    assert found == [local("2026-03-07 00:00"), local("2026-03-12 00:00")]


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 3))
def test_projected_facts_are_those_of_the_later_day(count, since, days):
    """Imagined `days` later, a day's count is empty, days since have grown, and a rolling count is what is left of it."""
    known = {"call_slots_held_count": count, "days_since_visit": since, "contacts_week_count": count}
    grid = project(contact("2026-03-05 10:00", known=known), vocabulary=SAMPLE.vocabulary, after_minutes=days * 1440, count=1)
    seen = grid.seen
    assert [int(value[0]) for value in (seen.call_slots_held_count, seen.days_since_visit, seen.contacts_week_count)] == [
        count if days == 0 else 0,
        since + days,
        count,
    ]


def test_facts_not_given_need_no_column():
    """A frame without a fact is judged with its value when unknown, row by row as one contact would be."""
    rows = [contact("2026-03-05 10:00", known={}), contact("2026-03-05 23:00", known={})]
    frame = pa.Table.from_pylist([{name: getattr(one, name, None) for name in FACTS.names} for one in rows], schema=FACTS)
    judged, problems = decide_many(frame, packs=(CN, SAMPLE))
    assert problems == []
    assert judged["allowed"].to_pylist() == [True, False]
    assert np.asarray(judged["sample.weekly_contacts"]).tolist() == [0, 0]
