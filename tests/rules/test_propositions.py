"""Legal propositions that hold for every contact.

1. No contact outside [08:00, 22:00) of the debtor's local time is allowed where nothing else was agreed (GB/T 45251-2025, 5.3; China
   Banking Association guideline 2026).
2. Hours agreed with the debtor take the place of the texts' hours, whether wider or narrower (GB/T 45251-2025, 5.3).
3. No sequence of accepted requests, with any outcomes reported or not, ever leads to more than three connected calls of one debtor on
   one local day, whoever calls (GB/T 45251-2025, 5.3).
4. A policy or contract never allows what the texts forbid.
5. Tightening a value of any layer never allows more.
6. A contact is refused where the debtor's zone is not known.
7. A refusal's next instant is allowed, the minute before it is not, and it lies in the future.
8. The order of papers and of packs changes nothing.
9. A million contacts are judged as each one would be.
10. Every refusal has a reason that cites a text and an article or says why there is none.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from duecourse.rules.decide import Finding, decide, decide_many
from duecourse.rules.facts import ContactFacts, local_minutes, zones_of
from duecourse.rules.form import CHANNELS, LENDER_CLASSES, PERFORMER_KINDS
from tests.rules.contacts import CALLS_MAX, CN, HOURS_FROM, HOURS_UNTIL, TRIAL, frame_of, overlay

ZONES = [
    "America/New_York|America/Los_Angeles",
    "Asia/Shanghai|Europe/Berlin|Asia/Kathmandu",
    "Asia/Shanghai",
    "Asia/Urumqi",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
]
instants = st.datetimes(datetime(2025, 3, 2), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy wants naive bounds
clock_times = st.integers(0, 1440).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")


known_zones = st.sampled_from(ZONES)
no_agreements = st.just(())


@st.composite
def contacts(draw, zones=known_zones, agreements=no_agreements):
    """Return a strategy of contacts of all kinds."""
    return ContactFacts(
        channel=draw(st.sampled_from(CHANNELS)),
        at=draw(instants),
        zone=draw(zones),
        person_key=1,
        known={"call_slots_held_count": draw(st.integers(0, 6))},
        performer_kind=draw(st.sampled_from(PERFORMER_KINDS)),
        lender_class=draw(st.sampled_from(["", "unheard of", *LENDER_CLASSES])),
        product_class=draw(st.sampled_from(["", "card", "cash"])),
        agreements=draw(agreements),
    )


@st.composite
def values(draw):
    """Return a strategy of what a paper may set."""
    every = {HOURS_FROM: clock_times, HOURS_UNTIL: clock_times, CALLS_MAX: st.integers(0, 6)}
    chosen = draw(st.sets(st.sampled_from(sorted(every)), min_size=1))
    return {key: draw(every[key]) for key in sorted(chosen)}


papers = values().map(lambda found: overlay("creditor_policy", found))
agreed = st.one_of(st.just(()), values().map(lambda found: (overlay("agreement", found),)))


def judge(facts, *, layers=(), packs=(CN,)):
    """Decide on the contact's own day."""
    return decide(facts, packs=packs, as_of=facts.local_on, layers=layers)


@settings(deadline=None)
@given(contacts())
def test_1_no_contact_at_night(facts):
    """An allowed contact lies inside the hours by Python's own clock arithmetic."""
    assert not judge(facts).allowed or all(8 <= facts.at.astimezone(zone).hour < 22 for zone in zones_of(facts.zone))


@settings(deadline=None)
@given(contacts(), clock_times, clock_times)
def test_2_agreed_hours_prevail(facts, start, end):
    """With hours agreed, the rule of hours refuses exactly outside them."""
    facts = _with(facts, agreements=(overlay("agreement", {HOURS_FROM: start, HOURS_UNTIL: end}),))
    times = [facts.at.astimezone(zone).strftime("%H:%M") for zone in zones_of(facts.zone)]
    is_found = "cn.contact_hours" in {reason.rule_id for reason in judge(facts).reasons}
    assert is_found == (not all(start <= time < end for time in times))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.sampled_from(PERFORMER_KINDS), st.sampled_from(["connected", "no_answer", "unreported"])),
        max_size=80,
    ),
    st.sampled_from(ZONES),
)
def test_3_no_sequence_of_requests_breaks_the_limit(requests, zone):
    """Whoever asks and however calls end, a local day never holds more than three slots."""
    at, held, connected = datetime(2026, 3, 6, 12, tzinfo=UTC), {}, {}
    for minutes, performer, outcome in requests:
        at += timedelta(minutes=minutes)
        day = at.astimezone(zones_of(zone)[0]).date()
        facts = ContactFacts("call", at, zone, 1, {"call_slots_held_count": held.get(day, 0)}, performer_kind=performer)
        if judge(facts).allowed and outcome != "no_answer":
            held[day] = held.get(day, 0) + 1
            connected[day] = connected.get(day, 0) + (outcome == "connected")
    assert all(count <= 3 for count in [*held.values(), *connected.values()])


@settings(deadline=None)
@given(contacts(), papers, values().map(lambda found: overlay("agency_contract", found)))
def test_4_lower_layers_never_allow_what_the_texts_forbid(facts, policy, contract):
    """With papers that name no exception, what is allowed was allowed without them."""
    assert not judge(facts, layers=(policy, contract)).allowed or judge(facts).allowed


@settings(deadline=None)
@given(contacts(agreements=agreed), values(), st.sampled_from(["creditor_policy", "agency_contract", "agreement"]), st.data())
def test_5_tightening_never_allows_more(facts, found, layer, drawn):
    """A stricter value in the same paper never turns a refusal into a permit."""
    assume(layer != "agreement" or not facts.agreements)
    key = drawn.draw(st.sampled_from(sorted(found)))
    loose, strict = overlay(layer, found), overlay(layer, {**found, key: _stricter(key, found[key], drawn)})
    assert judge(facts, layers=(loose,)).allowed or not judge(facts, layers=(strict,)).allowed


@settings(deadline=None)
@given(contacts(zones=st.sampled_from([None, "", "Nowhere/Land"])), st.one_of(st.just(()), papers.map(lambda paper: (paper,))))
def test_6_without_a_zone_nothing_is_allowed(facts, layers):
    """No paper and no fact replaces the zone."""
    assert not judge(facts, layers=layers).allowed


@settings(deadline=None)
@given(contacts(agreements=agreed), st.one_of(st.just(()), papers.map(lambda paper: (paper,))))
def test_7_next_instant_is_the_first_allowed_one(facts, layers):
    """The promised minute is allowed and the one before is not, the day's count being empty on another local day."""
    verdict = judge(facts, layers=layers)
    if verdict.allowed or verdict.next_allowed_at is None:
        return
    at = verdict.next_allowed_at
    assert at > facts.at
    assert at.second == at.microsecond == 0
    assert judge(_moved(facts, at), layers=layers).allowed
    assert not judge(_moved(facts, at - timedelta(minutes=1)), layers=layers).allowed


@settings(deadline=None)
@given(contacts(), papers, values().map(lambda found: overlay("agency_contract", found)))
def test_8_order_changes_nothing(facts, policy, contract):
    """The answer, the findings and the next instant are the same in any order."""
    one = judge(facts, layers=(policy, contract), packs=(CN, TRIAL))
    other = judge(facts, layers=(contract, policy), packs=(TRIAL, CN))
    assert (one.allowed, one.next_allowed_at) == (other.allowed, other.next_allowed_at)
    assert {reason.to_record()["en"] for reason in one.reasons} == {reason.to_record()["en"] for reason in other.reasons}


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(contacts(zones=st.sampled_from([None, *ZONES])), st.sampled_from([None, 1, 2])), max_size=25),
    st.one_of(st.just(()), papers.map(lambda paper: (paper,))),
    st.tuples(values(), values()),
    st.booleans(),
)
def test_9_many_is_one_by_one(rows, layers, written, is_encoded):
    """Answer and findings agree row by row, over zones, lenders, products, agreements and days with different values."""
    agreements = {key: (overlay("agreement", found),) for key, found in enumerate(written, start=1)}
    frame = frame_of([facts for facts, _ in rows], keys=[key for _, key in rows])
    if is_encoded:
        coded = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in frame.columns]
        frame = pa.table(coded, names=frame.column_names)
    judged, problems = decide_many(frame, packs=(CN, TRIAL), layers=layers, agreements=agreements)
    assert problems == []
    for number, (facts, key) in enumerate(rows):
        alone = judge(_with(facts, agreements=agreements.get(key, ())), layers=layers, packs=(CN, TRIAL))
        row = judged.slice(number, 1).to_pylist()[0]
        told = {r.rule_id: Finding.zone_unknown if r.code == "zone_unknown" else Finding.found for r in (*alone.reasons, *alone.warnings)}
        assert row.pop("allowed") == alone.allowed
        assert {rule: finding for rule, finding in row.items() if finding} == told


@settings(deadline=None)
@given(contacts(agreements=agreed), st.one_of(st.just(()), papers.map(lambda paper: (paper,))))
def test_10_every_refusal_cites(facts, layers):
    """A refusal has reasons, and each names at least one text with an article or the note that it was not found."""
    verdict = judge(facts, layers=layers)
    assert verdict.allowed == (not verdict.reasons)
    for reason in verdict.reasons:
        assert reason.citations
        assert all(reference.article or reference.note for reference in reason.citations)
        assert reason.explanation.zh != reason.explanation.en


@settings(deadline=None)
@given(st.sampled_from([zone for zone in ZONES if "|" not in zone]), st.lists(instants, min_size=1, max_size=30))
def test_local_time_in_columns_is_pythons_own(zone, at):
    """The tables of clock changes give the local minute that Python's zones give."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    minutes = np.asarray([(one - epoch) // timedelta(minutes=1) for one in at], dtype=np.int64)
    naive_epoch = epoch.replace(tzinfo=None)
    expected = [(one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - naive_epoch) // timedelta(minutes=1) for one in at]
    assert local_minutes(zone, minutes).tolist() == expected


def _with(facts, **changes):
    return replace(facts, **changes)


def _moved(facts, at):
    moved = _with(facts, at=at)
    return moved if moved.local_day == facts.local_day else _with(moved, known={"call_slots_held_count": 0})


def _stricter(key, value, drawn):
    if key == CALLS_MAX:
        return drawn.draw(st.integers(0, value))
    hours, minutes = map(int, value.split(":"))
    minute = hours * 60 + minutes
    chosen = drawn.draw(st.integers(minute, 1440) if key == HOURS_FROM else st.integers(0, minute))
    return f"{chosen // 60:02d}:{chosen % 60:02d}"
