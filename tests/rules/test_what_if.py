"""What-if tells what a change of values would have refused or allowed, and equals judging anew by hand.

1. A tightened value never allows more; a looser policy changes nothing; a looser draft never refuses more.
2. What differs is what differs between the gate's answers before and after, event by event.
"""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.rules.errors import ChangeUnusable
from duecourse.rules.what_if import Change, Way, changed, parsed, what_if
from tests.rules.contacts import CALLS_MAX, HOURS_UNTIL, TRIAL
from tests.rules.histories import by_hand, event, log_of
from tests.rules.test_audit import TWO, histories

LATER = date(2028, 12, 31)
DAY = [
    event(number, f"2026-03-02T0{number}:30", performer="birch" if number == 2 else "aoki", person_id=1 if number < 4 else 2)
    for number in range(1, 6)
]
"""Three connected calls to one debtor and two to another, from 9:30 to 13:30 in Shanghai."""


def tried(*changes, events=DAY, layers=()):
    """Return what the changes do to a history under the two rules."""
    return what_if(log_of(events), packs=(TWO,), changes=changes, known_until=LATER, layers=layers)[0]


def test_draft_of_two_calls_a_day_refuses_the_third():
    """The third call of the first debtor would have been refused: Aoki's, between 11 and 12."""
    found = tried(Change(CALLS_MAX, 2))
    assert found.flips.to_pylist() == [
        {"change": "newly_refused", "performer": "aoki", "local_hour": 11, "event_count": 1, "person_count": 1}
    ]
    assert (found.refused_before, found.refused_after, found.judged_count) == (0, 1, 5)
    assert found.before == {CALLS_MAX: ("gbt_45251_2025 3",)}


def test_looser_draft_allows_what_a_looser_policy_does_not():
    """A text that allowed five calls would have allowed the fourth; a policy of five would not."""
    events = [event(number, f"2026-03-02T0{number}:30") for number in range(5)]
    assert tried(Change(CALLS_MAX, 4), events=events).count("newly_allowed") == 1
    found = tried(Change(CALLS_MAX, 4, Way.policy), events=events)
    assert (found.refused_before, found.refused_after, found.flips.num_rows) == (2, 2, 0)
    assert tried(Change(CALLS_MAX, 2, Way.policy), events=events).count("newly_refused") == 1


@settings(max_examples=25, deadline=None)
@given(drawn=st.data(), limit=st.integers(0, 5), until=st.integers(600, 1440), way=st.sampled_from(Way))
def test_2_differences_are_those_of_the_gate(drawn, limit, until, way):
    """Counts of flips equal those found by asking the gate twice for each event of a random history."""
    events = drawn.draw(histories((TWO,)))
    changes = [Change(CALLS_MAX, limit, way), Change(HOURS_UNTIL, until, way)]
    packs, layers = changed((TWO,), changes=changes, layers=())
    columns = log_of(events).column_names
    before, after = by_hand(events, packs=(TWO,), columns=columns), by_hand(events, packs=packs, columns=columns, layers=layers)
    found = tried(*changes, events=events)
    both = [(before[n], after[n]) for n in before if before[n] is not None and after[n] is not None]
    assert found.count("newly_refused") == sum(not one.is_refused and other.is_refused for one, other in both)
    assert found.count("newly_allowed") == sum(one.is_refused and not other.is_refused for one, other in both)
    assert way is Way.draft or found.count("newly_allowed") == 0


def test_drafts_of_weakly_known_values_can_be_tried():
    """A rule that is disabled because its value is weakly known judges once a draft gives the value."""
    rule = next(rule for rule in TWO.rules if rule.name == "connected_calls_daily")
    (parameter,) = rule.parameters
    weak = replace(rule, parameters=(replace(parameter, values=tuple(replace(v, is_enabled=False) for v in parameter.values)),))
    pack = replace(TWO, rules=(weak,))
    found, _ = what_if(log_of(DAY), packs=(pack,), changes=[Change(CALLS_MAX, 2)], known_until=LATER)
    assert found.count("newly_refused") == 1
    with pytest.raises(ChangeUnusable, match="disabled"):
        what_if(log_of(DAY), packs=(pack,), changes=[Change(CALLS_MAX, 2, Way.policy)], known_until=LATER)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CALLS_MAX, "form parameter=value"),
        (f"{CALLS_MAX}=two", "whole number"),
        (f"{CALLS_MAX}=-1", "whole number"),
        (f"{CALLS_MAX}=10001", "from 0 to 10000"),
        ("cn.contact_hours.nothing=1", "no pack"),
        (f"{HOURS_UNTIL}=25:00", "from 0 to 1440"),
    ],
)
def test_change_that_cannot_be_is_refused(text, reason):
    """A misspelt parameter and a value out of its unit are told with the reason."""
    with pytest.raises(ChangeUnusable, match=reason):
        changed((TWO,), changes=[parsed(text, packs=(TWO,), way=Way.draft)], layers=())


def test_times_are_written_as_times_and_none_twice():
    """21:00 is 1260 minutes; one parameter is set once; another pack's rules stay as they are."""
    change = parsed(f" {HOURS_UNTIL} = 21:00 ", packs=(TWO,), way=Way.draft)
    assert change == Change(HOURS_UNTIL, 1260)
    with pytest.raises(ChangeUnusable, match="twice"):
        changed((TWO,), changes=[change, change], layers=())
    packs, _ = changed((TWO, TRIAL), changes=[change], layers=())
    assert packs[1] is TRIAL
    assert packs[0] is not TWO
