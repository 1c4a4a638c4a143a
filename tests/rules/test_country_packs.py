"""The packs uk, in, au, kr, jp and tw, in numbered propositions.

1. What rests on memory, on weak excerpts or on a draft decides nothing; each such rule is known by name.
2. The packs can be used together with each other and with cn: a fact of one name means one thing.
3. Many contacts judged in columns are judged as one by one.
4. kr: no sequence of allowed contacts about a claim has more than seven in any seven days (Personal Debtor Protection Act).
5. uk: a breathing space keeps exactly sixty days free of demands (Debt Respite Scheme).
6. jp: no allowed call lies outside 08:00 to 21:00 without a just cause (Money Lending Business Act, article 21(1)(i)).
7. au: nothing is refused; RG 96 is a guideline.
8. A code names one thing: two packs that share one give it the same title, so that lists of refusals by code can show it.
9. Each text was compared with its pack within a year; where it was not, the suite warns and goes on.
"""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.kit.clock import now
from duecourse.rules.decide import decide, decide_many
from duecourse.rules.facts import FACTS, ContactFacts
from duecourse.rules.form import CHANNELS, PERFORMER_KINDS
from duecourse.rules.load import SHIPPED, load_pack, shipped_pack, shipped_packs
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.vocabulary import Source
from tests.rules.contacts import local

NAMES = ("uk", "in", "au", "kr", "jp", "tw")
PACKS = {name: shipped_pack(name) for name in NAMES}
AWAKE = {name: load_pack(SHIPPED / name, enable={rule.id for rule in pack.rules}) for name, pack in PACKS.items()}
ASLEEP = {
    "uk": {"plan_pause", "statute_barred", "visits"},
    "in": {
        *("microfinance_hours", "microfinance_visits", "draft_hours", "draft_obligors_only"),
        *("draft_occasions", "draft_agent_notice", "draft_recording", "draft_certificate"),
    },
    "au": {"visits_monthly"},
    "kr": {"night"},
    "jp": {"counsel", "borrowing_elsewhere", "third_party_payment"},
    "tw": {"contact_hours"},
}
BEGIN = datetime(2026, 7, 2, tzinfo=UTC)
instants = st.integers(0, 180 * 1440 - 1).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
LATE = "{pack}: {text} was last reviewed on {day}; compare it and set last_reviewed_on"


@pytest.mark.parametrize("name", NAMES)
def test_1_what_is_weakly_known_sleeps(name):
    """The disabled rules are these and no others, and each of their values says on what it rests."""
    pack = PACKS[name]
    assert {rule.name for rule in pack.rules if not rule.is_enabled} == ASLEEP[name]
    assert all(value.reference.note for _, _, value in pack.disabled())
    assert {rule.name for rule, _, _ in pack.disabled()} == ASLEEP[name]


def test_2_packs_can_be_used_together():
    """Their vocabularies join, so that a creditor in several countries can name them all."""
    together = vocabulary_of((shipped_pack("cn"), *PACKS.values()))
    assert {"is_payment_asked", "claim_contacts_7_days_count", "is_public_holiday"} <= together.facts.keys()
    facts = ContactFacts(channel="call", at=local("2026-03-02 10:00"), zone="Asia/Shanghai", person_key=1)
    verdict = decide(facts, packs=tuple(PACKS.values()), as_of=date(2026, 3, 2))
    assert {bound.rule.id.split(".")[0] for bound in verdict.checked} == set(NAMES)


def contacts_of(pack):
    """Return a strategy of contacts that state, know and count anything the pack reads."""
    read = {name for rule in pack.rules if rule.channels for name in rule.facts_used}
    facts = [fact for name, fact in pack.vocabulary.facts.items() if name in read and fact.source is not Source.core]
    small = {fact.name: st.integers(0, 1 if fact.unit.largest == 1 else 70) for fact in facts}
    return st.builds(
        lambda known, **rest: ContactFacts(person_key=1, known=known, **rest),
        known=st.fixed_dictionaries({}, optional=small),
        channel=st.sampled_from(CHANNELS),
        performer_kind=st.sampled_from(PERFORMER_KINDS),
        product_class=st.sampled_from(["", "mortgage", "cash_card", "card"]),
        zone=st.sampled_from([pack.zone_default, "Australia/Perth|Australia/Sydney", "Europe/London", None]),
        at=instants,
    )


@pytest.mark.parametrize("name", NAMES)
def test_3_many_is_one_by_one(name):
    """With every rule awake, each row of a frame is found at fault by the same rules as the contact alone."""
    pack = AWAKE[name]

    @settings(max_examples=25, deadline=None)
    @given(st.lists(contacts_of(pack), min_size=1, max_size=20))
    def holds(contacts):
        given_names = sorted({key for one in contacts for key in one.known})
        unknown = {key: pack.vocabulary.facts[key].when_unknown for key in given_names}
        rows = [{n: getattr(one, n, None) for n in FACTS.names} | unknown | dict(one.known) for one in contacts]
        schema = pa.schema([*FACTS, *(pa.field(key, pa.int64()) for key in given_names)])
        table, problems = decide_many(pa.Table.from_pylist(rows, schema=schema), packs=(pack,))
        assert not problems
        for row, one in zip(table.to_pylist(), contacts, strict=True):
            verdict = decide(one, packs=(pack,), as_of=one.local_on)
            assert row.pop("allowed") == verdict.allowed
            assert {rule for rule, found in row.items() if found} == {r.rule_id for r in (*verdict.reasons, *verdict.warnings)}

    holds()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2 * 1440), st.sampled_from(CHANNELS)), min_size=12, max_size=40))
def test_4_seven_contacts_in_any_seven_days(gaps):
    """Whoever asks again and again, in whatever channel and rhythm: no window of seven local days holds an eighth."""
    at, days = local("2026-03-02 00:00", "Asia/Seoul"), []
    for minutes, channel in gaps:
        at += timedelta(minutes=minutes)
        facts = ContactFacts(channel=channel, at=at, zone="Asia/Seoul", person_key=1)
        count = sum(facts.local_day - day < 7 for day in days)
        facts = ContactFacts(channel=channel, at=at, zone="Asia/Seoul", person_key=1, known={"claim_contacts_7_days_count": count})
        if decide(facts, packs=(PACKS["kr"],), as_of=facts.local_on).allowed:
            days.append(facts.local_day)
    assert all(sum(day <= other < day + 7 for other in days) <= 7 for day in days)


def test_5_sixty_days_of_breathing_space():
    """Of a hundred days since the entry, those refused are 1 to 60; a contact that asks for nothing is never refused."""
    at = local("2026-03-02 10:00", "Europe/London")

    def allowed(day, **known):
        known = {"days_since_breathing_space": day, **known}
        facts = ContactFacts(channel="call", at=at, zone="Europe/London", person_key=1, known=known)
        return decide(facts, packs=(PACKS["uk"],), as_of=facts.local_on).allowed

    assert [day for day in range(100) if not allowed(day)] == list(range(1, 61))
    assert all(allowed(day, is_payment_asked=0) for day in range(100))


@given(instants, st.booleans())
def test_6_no_call_at_night_in_japan(at, is_unreachable):
    """A call is allowed exactly in the hours of the day, or when there is no other way to reach the debtor."""
    known = {"is_otherwise_unreachable": int(is_unreachable)}
    facts = ContactFacts(channel="call", at=at, zone="Asia/Tokyo", person_key=1, known=known)
    verdict = decide(facts, packs=(PACKS["jp"],), as_of=facts.local_on)
    assert verdict.allowed == (8 * 60 <= facts.local_minute < 21 * 60 or is_unreachable)


@given(contacts_of(PACKS["au"]))
def test_7_a_guideline_refuses_nothing(facts):
    """Whatever is known of a contact, an unknown zone included, RG 96 warns and does not refuse."""
    verdict = decide(facts, packs=(PACKS["au"],), as_of=facts.local_on)
    assert verdict.allowed
    assert {warning.modality.value for warning in verdict.warnings} <= {"should_not"}


def test_8_a_code_means_one_thing():
    """Among these packs and cn, whose refusals stand beside theirs, equal codes have equal titles."""
    titles = {}
    for pack in (shipped_pack("cn"), *PACKS.values()):
        for rule in pack.rules:
            titles.setdefault(rule.code, set()).add(rule.title)
    assert {code: found for code, found in titles.items() if len(found) > 1} == {}


@pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack.id)
def test_9_texts_were_reviewed_within_a_year(pack):
    """An old review is no error and is not silent either: each shows as a warning of the suite, and none lies in the future."""
    for text in pack.unreviewed(now().date()):
        warnings.warn(LATE.format(pack=pack.id, text=text.id, day=text.last_reviewed_on), stacklevel=1)
    assert all(text.last_reviewed_on <= date(2026, 11, 21) or text.last_reviewed_on <= now().date() for text in pack.texts.values())


def test_9_a_review_counts_for_a_year():
    """Three hundred and sixty-five days are a year; on the next day the text is named."""
    pack = PACKS["kr"]
    reviewed_on = pack.texts["personal_debtor_protection_act"].last_reviewed_on
    assert pack.unreviewed(reviewed_on + timedelta(days=365)) == []
    assert [text.id for text in pack.unreviewed(reviewed_on + timedelta(days=366))] == list(pack.texts)
