"""Legal propositions on pack cn, for every contact and every record.

1. No sequence of accepted requests, with any outcomes, leads to a fourth connected call of a day (GB/T 45251-2025, 5.3), to a third party
   before three attempts in a row failed (China Banking Association guideline 2026), or to one who had refused (GB/T 45251-2025, 5.3).
2. A third party is never told of the debt, unless they offered to pay (GB/T 45251-2025, 5.3; pledge of 2018, article 18).
3. A third party is never asked to pay, unless they offered to (GB/T 45251-2025, 5.3); one unrelated to a card's debt not even then (measures
   on cards, article 68).
4. A third party is contacted only if agreed beforehand (pledge of 2018, article 14), and never after refusing (Civil Code, article 1033).
5. A card debtor with a kept plan is contacted by nobody through no channel (measures on cards, article 70).
6. An accepted visit of a bank is made by two, recorded in sound and pictures, with credentials, and enters no private place without consent
   (China Banking Association guideline 2026; Civil Code, article 1033).
7. Before a text's first day it forbids nothing: no citation is of a text, or of a value, that was not yet in force.
8. Tightening a value of a lower layer never allows more, and the shipped policy never does.
9. Saying nothing about a contact is never better than saying anything (facts of the source `stated`).
10. No decision rests on a value known weakly or from memory.
11. The measures on cards bind no other product; texts for one kind of lender bind no other.
12. What no text orders forbids nothing, until a creditor adopts the policy; then it refuses and the policy is cited.
13. A record is deleted only after the longest of the terms that bind (measures on cards, article 68; pledge of 2018; GB/T 45251-2025).
14. A claim on a guarantor never asked within the period is refused from its end on for good (Civil Code, articles 692 and 693).
15. A million contacts are judged as each one would be, with every fact that the pack reads.
16. An outside agency is bound by all that binds the creditor's own team.
"""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.rules.decide import Finding, decide, decide_many, judge
from duecourse.rules.facts import FACTS, ContactFacts
from duecourse.rules.form import CHANNELS, LENDER_CLASSES, PERFORMER_KINDS, Confidence, Modality
from duecourse.rules.load import SHIPPED, load_overlay, load_pack, parse_overlay, shipped_packs
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.vocabulary import CONTACT, Source
from tests.rules.contacts import CN

POLICY = load_overlay(SHIPPED / "cn/policy.yaml")
COVERAGE = Path(__file__).parents[2] / "docs/rules/cn-coverage.md"
RULES = {rule.name: rule for rule in CN.rules}
GATE = [rule for rule in CN.rules if rule.subject == CONTACT and rule.is_enabled]
FACT_NAMES = sorted({name for rule in GATE for name in rule.facts_used if CN.vocabulary.facts[name].source is not Source.core})
STATED = [name for name in FACT_NAMES if CN.vocabulary.facts[name].source is Source.stated]
FLAGS = [rule for rule in GATE if [p.name for p in rule.parameters] == ["is_barred"]]
EVER = date(2020, 1, 1)
AT = datetime(2026, 11, 2, 2, tzinfo=UTC)
LAWFUL_VISIT = {"visitors_count": 2, "is_audio_recorded": 1, "is_video_recorded": 1, "has_credentials": 1, "is_home": 0, "is_work_place": 0}
LAWFUL_THIRD = {
    "is_third_party": 1,
    "is_agreed_contact": 1,
    "failed_contacts_in_row_count": 3,
    "is_payment_asked": 0,
    "is_debt_disclosed": 0,
}
ENTRIES = {
    "TIME": 4,
    "FREQ": 7,
    "TP": 16,
    "ID": 8,
    "CONT": 16,
    "CH": 11,
    "DATA": 21,
    "AG": 14,
    "PER": 4,
    "RET": 7,
    "LIM": 12,
    "SET": 16,
    "CONC": 6,
    "CMP": 5,
}
"""How many sourced entries there are of each kind, numbered from 1."""


def fact_values(name):
    """Return a strategy of values of a fact."""
    unit = CN.vocabulary.facts[name].unit.value
    return st.integers(0, 1) if unit == "yes_no" else st.integers(0, 8)


known_facts = st.fixed_dictionaries({}, optional={name: fact_values(name) for name in FACT_NAMES})
days = st.dates(date(2025, 3, 1), date(2027, 12, 31))
products = st.sampled_from(["", "credit_card", "consumer_loan", "micro_loan"])
lenders = st.sampled_from(["", *LENDER_CLASSES])
channels = st.sampled_from(CHANNELS)


@st.composite
def contacts(draw, facts=known_facts, product=products, lender=lenders, channel=channels, day=days):
    """Return a strategy of contacts in Shanghai between eight and twenty-two, so that hours never decide."""
    on = draw(day)
    at = datetime(on.year, on.month, on.day, draw(st.integers(0, 13)), tzinfo=UTC)
    kind = draw(st.sampled_from(PERFORMER_KINDS))
    return ContactFacts(
        draw(channel), at, "Asia/Shanghai", 1, draw(facts), performer_kind=kind, lender_class=draw(lender), product_class=draw(product)
    )


def ask(facts, *, layers=()):
    """Decide on the contact's own day."""
    return decide(facts, packs=(CN,), as_of=facts.local_on, layers=layers)


def contact(channel="call", /, *, product="credit_card", at=AT, performer="agency", **known):
    """Return a contact of a bank's agency on 2 November 2026 at ten."""
    return ContactFacts(channel, at, "Asia/Shanghai", 1, known, performer_kind=performer, lender_class="bank", product_class=product)


def paper(values, *, layer="creditor_policy"):
    """Return a paper of a lower layer that sets parameters, given as id to value, in their own units."""
    entry = {"effective_on": EVER, "article": "1", "confidence": "verbatim"}
    units = {p.id: p.unit for rule in CN.rules for p in rule.parameters}
    days_ = {"issued_on": EVER, "effective_on": EVER, "last_reviewed_on": EVER}
    written = {
        key: {"unit": units[key].value, "values": [{"value": units[key].show(v) if ":" in units[key].show(v) else v, **entry}]}
        for key, v in values.items()
    }
    return parse_overlay(
        {"text": {"id": "paper", "layer": layer, "title": {"zh": "p", "en": "p"}, **days_}, "parameters": written}, place="p"
    )


def refused_by(verdict):
    """Return the names of the rules that refuse."""
    return {reason.rule_id.removeprefix("cn.") for reason in verdict.reasons}


attempts = st.tuples(
    st.integers(0, 200),
    st.sampled_from(["debtor", "contact"]),
    st.sampled_from(PERFORMER_KINDS),
    st.sampled_from(["connected", "no_answer", "unreported", "refused"]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(attempts, max_size=60))
def test_1_no_sequence_of_accepted_requests_breaks_a_limit(requests):
    """Whoever asks for whom and however it ends, the three limits hold over the whole story."""
    at, held, failed, has_refused = AT, {}, 0, False
    for minutes, whom, performer, outcome in requests:
        at += timedelta(minutes=minutes)
        is_third = whom == "contact"
        day = (at + timedelta(hours=8)).date()
        known = LAWFUL_THIRD | {
            "is_third_party": int(is_third),
            "failed_contacts_in_row_count": failed,
            "has_refused_contact": int(has_refused and is_third),
        }
        if not ask(contact(at=at, performer=performer, call_slots_held_count=held.get(day, 0), **known)).allowed:
            continue
        assert not is_third or (failed >= 3 and not has_refused)
        held[day] = held.get(day, 0) + (outcome != "no_answer")
        has_refused |= is_third and outcome == "refused"
        failed = failed if is_third else (failed + 1 if outcome == "no_answer" else 0)
    assert all(count <= 3 for count in held.values())


@settings(deadline=None)
@given(contacts())
def test_2_no_third_party_is_told(facts):
    """An allowed contact with a third party says that nothing of the debt is told, or the person offered to pay."""
    known = facts.known
    if ask(facts).allowed and known.get("is_third_party"):
        assert known.get("is_debt_disclosed", 1) == 0 or known.get("has_offered_to_pay")


@settings(deadline=None)
@given(contacts())
def test_3_no_third_party_is_asked_to_pay(facts):
    """An allowed contact with a third party asks for no payment, or the person offered; of a card's debt an unrelated person is never asked."""
    known = facts.known
    if ask(facts).allowed and known.get("is_third_party"):
        is_asked = known.get("is_payment_asked", 1)
        assert not is_asked or known.get("has_offered_to_pay")
        assert not is_asked or known.get("is_debt_related") or facts.product_class not in ("", "credit_card")


@settings(deadline=None)
@given(contacts())
def test_4_third_parties_are_agreed_and_willing(facts):
    """An allowed contact with a third party is with one agreed beforehand who has not refused, the debtor being out of reach."""
    known = facts.known
    if ask(facts).allowed and known.get("is_third_party"):
        assert known.get("is_agreed_contact")
        assert not known.get("has_refused_contact")
        excuses = ("is_phone_invalid", "is_deceased", "is_incapable", "failed_contacts_in_row_count")
        assert any(known.get(name) for name in excuses)


@settings(deadline=None)
@given(contacts(product=st.sampled_from(["credit_card", "card", ""])))
def test_5_a_kept_plan_silences_everybody(facts):
    """Under a kept plan of a card no performer gets a permit for any channel, and article 70 is cited."""
    verdict = ask(replace(facts, known={**facts.known, "is_plan_kept": 1}))
    assert not verdict.allowed
    (reason,) = (reason for reason in verdict.reasons if reason.rule_id == "cn.cease_after_plan")
    assert [(c.text.id, c.article) for c in reason.citations] == [("card_2011", "70")]


@settings(deadline=None)
@given(contacts(channel=st.just("visit"), lender=st.just("bank"), day=st.dates(date(2026, 1, 30), date(2027, 12, 31))))
def test_6_an_accepted_visit_is_lawful(facts):
    """Whatever is left unsaid counts against the visit."""
    known = facts.known
    if ask(facts).allowed:
        assert known["visitors_count"] >= 2
        assert known["is_audio_recorded"] == known["is_video_recorded"] == known["has_credentials"] == 1
        assert known.get("has_place_consent") or known["is_home"] == known["is_work_place"] == 0


def test_6_a_lawful_visit_is_accepted():
    """Two people with credentials and recordings may meet a debtor in a public place."""
    assert ask(contact("visit", **LAWFUL_VISIT)).allowed
    assert ask(contact("visit", **LAWFUL_THIRD, **LAWFUL_VISIT)).allowed


@settings(deadline=None)
@given(contacts())
def test_7_nothing_is_cited_before_its_first_day(facts):
    """Every text and value that speaks in a verdict had begun and not ended on the day."""
    verdict = ask(facts)
    for reason in (*verdict.reasons, *verdict.warnings):
        assert all(citation.text.effective_on <= verdict.as_of for citation in reason.citations)
        for one in reason.effective:
            assert all(standing.dated.holds(verdict.as_of) for standing in one.standing)


@pytest.mark.parametrize("name", [rule.name for rule in GATE if rule.begins_with_text])
def test_7_before_its_first_text_a_rule_of_the_gate_forbids_nothing(name):
    """Alone in a pack, the rule finds nothing on the day before its first value and is decided on that day."""
    alone = replace(CN, rules=(RULES[name],))
    first = max(min(v.effective_on for v in p.values if v.is_enabled) for p in RULES[name].parameters)
    worst = {fact: (0 if fact in ("has_credentials", "has_place_consent") else 1) for fact in RULES[name].facts_used if fact in FACT_NAMES}
    at = datetime(first.year, first.month, first.day, 2, tzinfo=UTC)
    for channel in RULES[name].channels:
        before = ContactFacts(channel, at - timedelta(days=1), "Asia/Shanghai", 1, worst)
        assert decide(before, packs=(alone,), as_of=before.local_on).checked == ()
        assert len(decide(replace(before, at=at), packs=(alone,), as_of=first).checked) == 1


@pytest.mark.parametrize("rule", [r for r in CN.rules if r.subject != CONTACT], ids=lambda rule: rule.name)
def test_7_before_its_first_text_a_rule_on_another_subject_forbids_nothing(rule):
    """On the day before its first value the rule is not asked; on the day itself it is, if it is known well enough."""
    awake = load_pack(SHIPPED / "cn", enable={rule.id}) if not rule.is_enabled else CN
    first = max(min(v.effective_on for v in p.values if v.is_enabled or not rule.is_enabled) for p in rule.parameters)
    asked = [{b.rule.id for b in judge(rule.subject, {}, packs=(awake,), as_of=day).checked} for day in (first - timedelta(days=1), first)]
    assert [rule.id in found for found in asked] == [False, True]


@settings(deadline=None)
@given(contacts(), st.data())
def test_8_tightening_never_allows_more(facts, drawn):
    """For any parameter of any rule of the gate, a stricter value in a paper never turns a refusal into a permit."""
    parameter = drawn.draw(st.sampled_from([p for rule in GATE for p in rule.parameters]))
    largest = min(parameter.unit.largest, 1_440)
    loose, strict = sorted(
        drawn.draw(st.tuples(st.integers(0, largest), st.integers(0, largest))), reverse=parameter.tighter.value == "if_lower"
    )
    layer = drawn.draw(st.sampled_from(["creditor_policy", "agency_contract"]))
    papers = [(paper({parameter.id: value}, layer=layer),) for value in (loose, strict)]
    assert ask(facts, layers=papers[0]).allowed or not ask(facts, layers=papers[1]).allowed
    assert ask(facts).allowed or not ask(facts, layers=papers[0]).allowed


@settings(deadline=None)
@given(contacts())
def test_8_the_shipped_policy_only_tightens(facts):
    """What is allowed with the policy is allowed without it."""
    assert ask(facts).allowed or not ask(facts, layers=(POLICY,)).allowed


@settings(deadline=None)
@given(contacts(), st.sampled_from(STATED), st.integers(0, 3))
def test_9_saying_nothing_is_never_better(facts, name, value):
    """A contact allowed without a statement is allowed whatever is stated."""
    silent = {key: v for key, v in facts.known.items() if key != name}
    said = silent | {name: min(value, CN.vocabulary.facts[name].unit.largest)}
    assert ask(replace(facts, known=said)).allowed or not ask(replace(facts, known=silent)).allowed


@settings(deadline=None)
@given(contacts(), st.one_of(st.just(()), st.just((POLICY,))))
def test_10_weak_values_decide_nothing(facts, layers):
    """Every value behind a verdict is verbatim or well quoted."""
    for bound in ask(facts, layers=layers).checked:
        for one in bound.effective:
            assert all(standing.dated.confidence in (Confidence.verbatim, Confidence.secondary) for standing in one.standing)


def test_10_what_sleeps_is_listed():
    """The rules without any trusted value are these, and the five years of consumer finance companies sleep beside others that do not."""
    asleep = {rule.name for rule in CN.rules if not rule.is_enabled}
    assert asleep == {"bought_debt_resale", "incident_report", "plan_request_reply", "visit_interval", "visitors_most", "visits_daily"}
    assert {value.reference.text.id for _, parameter, value in CN.disabled() if parameter.id == "cn.records_kept.kept_min_months"} == {
        "consumer_finance_2024"
    }


@settings(deadline=None)
@given(contacts(product=st.just("consumer_loan"), lender=st.sampled_from(LENDER_CLASSES)))
def test_11_texts_bind_their_own_kind(facts):
    """A consumer loan is never refused by a text on cards, nor any lender by another's text."""
    verdict = ask(facts)
    cited = {citation.text for reason in (*verdict.reasons, *verdict.warnings) for citation in reason.citations}
    assert not any("credit_card" in text.product_classes for text in cited)
    assert all(not text.lender_classes or facts.lender_class in text.lender_classes for text in cited)


POLICIES = sorted(parameter_id.split(".")[1] for parameter_id in POLICY.values)


def test_12_the_policy_holds_exactly_what_no_text_orders():
    """Each parameter of the policy has no text but the one that says none was found, with the value 0, and no other parameter has it enabled."""
    unfounded = {
        rule.name for rule in CN.rules for p in rule.parameters for v in p.values if v.reference.text.id == "none_found" and v.is_enabled
    }
    assert unfounded == set(POLICIES)
    assert {v.value for name in POLICIES for p in RULES[name].parameters for v in p.values} == {0}
    assert {v.value for values in POLICY.values.values() for v in values} == {1}


@pytest.mark.parametrize("name", POLICIES)
def test_12_a_policy_refuses_once_it_is_adopted(name):
    """Without the policy the contact is allowed; with it the refusal cites the policy alone, and no day is promised."""
    fact = next(iter(RULES[name].facts_used))
    facts = contact(at=AT + timedelta(days=30), **{fact: 1})
    assert ask(facts).allowed
    verdict = ask(facts, layers=(POLICY,))
    assert refused_by(verdict) == {name}
    assert [citation.text.id for citation in verdict.reasons[0].citations] == ["suggested_policy"]
    assert verdict.next_allowed_at is None


@settings(deadline=None)
@given(st.integers(0, 80), st.dates(date(2011, 1, 1), date(2027, 12, 31)), lenders, products)
def test_13_records_outlive_every_term_that_binds(months, day, lender, product):
    """Deletion is allowed exactly when the months kept reach the longest term in force for this lender and product."""
    values = [
        v.value
        for p in RULES["records_kept"].parameters
        for v in p.values
        if v.is_enabled and v.holds(day) and v.reference.text.binds(lender_class=lender, product_class=product)
    ]
    told = judge("record", {"record_kept_months": months}, packs=(CN,), as_of=day, lender_class=lender, product_class=product)
    assert told.finds("cn.records_kept") == (bool(values) and months < max(values))


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 36), st.integers(1, 60))
def test_14_a_guarantor_never_asked_stays_free(months, agreed, later):
    """The rule refuses exactly after the agreed period, or six months where none was agreed, and at every later month."""
    known = {"is_guarantor": 1, "guarantee_agreed_months": agreed}
    found = [
        judge("claim", known | {"months_since_due": m}, packs=(CN,), as_of=AT.date()).finds("cn.guarantor_period")
        for m in (months, months + later)
    ]
    assert found[0] == (months > (agreed or 6))
    assert not found[0] or found[1]


@settings(deadline=None, max_examples=40)
@given(st.lists(contacts(), min_size=1, max_size=20), st.one_of(st.just(()), st.just((POLICY,))))
def test_15_many_is_one_by_one(rows, layers):
    """Answer and findings agree row by row, over all facts of the pack."""
    unknown = {name: CN.vocabulary.facts[name].when_unknown for name in FACT_NAMES}
    schema = pa.schema([*FACTS, *[pa.field(name, pa.int32(), nullable=False) for name in FACT_NAMES]])
    frame = pa.Table.from_pylist(
        [{n: getattr(one, n, None) for n in FACTS.names} | unknown | dict(one.known) for one in rows], schema=schema
    )
    judged, problems = decide_many(frame, packs=(CN,), layers=layers)
    assert problems == []
    for facts, row in zip(rows, judged.to_pylist(), strict=True):
        alone = ask(facts, layers=layers)
        assert row.pop("allowed") == alone.allowed
        assert {rule for rule, finding in row.items() if finding == Finding.found} == {r.rule_id for r in (*alone.reasons, *alone.warnings)}


@settings(deadline=None)
@given(contacts())
def test_16_an_agency_is_bound_by_all_that_binds_the_creditor(facts):
    """What an agency may do, the creditor's own team may do as well."""
    own, agency = (ask(replace(facts, performer_kind=kind)) for kind in ("in_house", "agency"))
    assert own.allowed or not agency.allowed


def test_calls_of_a_day_without_trouble_are_allowed():
    """With nothing known but a debtor's zone, calls, messages and letters of every kind of performer pass, without a warning."""
    for channel in ("call", "sms", "email", "letter"):
        for performer in PERFORMER_KINDS:
            verdict = ask(contact(channel, performer=performer))
            assert verdict.allowed
            assert verdict.warnings == ()


def test_should_not_rules_only_warn():
    """The seventh unanswered call to a number is allowed with a warning that cites the guideline."""
    verdict = ask(contact(unanswered_attempts_count=6))
    assert verdict.allowed
    assert [(w.rule_id, w.modality) for w in verdict.warnings] == [("cn.unanswered_attempts_daily", Modality.should_not)]


def test_packs_can_decide_together():
    """No fact of the pack means something else in another that ships, so a creditor may have several."""
    assert vocabulary_of(shipped_packs()).facts.keys() >= CN.vocabulary.facts.keys()


def test_every_text_is_used_and_reviewed():
    """No text stands in the pack without a value, and each says when it was last compared."""
    used = {value.reference.text.id for rule in CN.rules for p in rule.parameters for value in p.values}
    assert set(CN.texts) == used
    assert {text.last_reviewed_on for text in CN.texts.values()} == {date(2026, 11, 21)}


def covered():
    """Return the rows of the coverage page: entry to its confidence and what it says of a rule."""
    lines = [line.split(" | ") for line in COVERAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| CN-")]
    return {line[0].removeprefix("| "): (line[3], line[4].removesuffix(" |")) for line in lines}


def test_coverage_has_every_entry_once():
    """All 147 entries stand on the page, each with existing rules or with a reason."""
    rows = covered()
    expected = {f"CN-{kind}-{number:03d}" for kind, count in ENTRIES.items() for number in range(1, count + 1)}
    assert len(expected) == 147
    assert set(rows) == expected
    for _, told in rows.values():
        assert told.startswith("not encoded: ") or re.fullmatch(r"\[\w+\]\(cn/\w+\.md\)(, \[\w+\]\(cn/\w+\.md\))*", told)


def test_coverage_and_folders_agree():
    """Every rule named on the page exists, every rule is named, and an entry known weakly has no rule with a trusted value of its own alone."""
    rows = covered()
    named = {name for _, told in rows.values() for name in re.findall(r"\[(\w+)\]\(cn/", told) if not told.startswith("not encoded")}
    assert named | set(POLICIES) == set(RULES)
    for confidence, told in rows.values():
        names = [] if told.startswith("not encoded") else re.findall(r"\[(\w+)\]\(cn/", told)
        for name in names:
            known = {v.confidence.value for p in RULES[name].parameters for v in p.values}
            assert confidence in known
