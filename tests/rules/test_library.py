"""The library says of every rule and day what the gate would bind."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from duecourse.rules.form import Layer
from duecourse.rules.library import RuleState, body_of, dated_values, rule_on, run_cases, speaks_of, texts_of
from duecourse.rules.load import shipped_pack, shipped_packs
from duecourse.rules.resolve import Scope, bind
from tests.rules.contacts import overlay

CN = shipped_pack("cn")
HOURS = next(rule for rule in CN.rules if rule.name == "contact_hours")
ON = date(2026, 3, 2)
ALL = [(pack, rule) for pack in shipped_packs() for rule in pack.rules]


def test_the_library_binds_what_the_gate_binds():
    """Of every contact rule of the pack the values on a day are those of the gate, papers of the creditor included."""
    policy = overlay("creditor_policy", {"cn.contact_hours.allowed_until_minute": "20:00"})
    bound = {one.rule.id: one.effective for one in bind(Scope((CN,), (policy,), "bank", ""), ON)}
    found = {rule.id: rule_on(rule, pack=CN, as_of=ON, overlays=(policy,), lender_class="bank") for rule in CN.rules}
    assert {name: one.effective for name, one in found.items() if name in bound} == bound
    assert bound["cn.contact_hours"][1].value == 20 * 60


def test_the_strictest_binds_and_the_overruled_are_named():
    """A policy that ends the day earlier binds, and both texts stand beside it as overruled; one that ends it later is overruled itself."""
    for until, binding, overruled in (("20:00", 1, 2), ("23:00", 2, 1)):
        policy = overlay("creditor_policy", {"cn.contact_hours.allowed_until_minute": until})
        ends = rule_on(HOURS, pack=CN, as_of=ON, overlays=(policy,), lender_class="bank").effective[1]
        assert (len(ends.sources), len(ends.overruled)) == (binding, overruled)


def test_papers_of_other_rules_are_passed_over():
    """A paper about another rule changes nothing and raises nothing."""
    policy = overlay("creditor_policy", {"cn.connected_calls_daily.connected_calls_max_count": 2})
    found = rule_on(HOURS, pack=CN, as_of=ON, overlays=(policy,))
    assert {one.reference.text.layer for value in found.effective for one in value.standing} <= {Layer.standard, Layer.guideline}


def test_a_day_without_a_value_is_said_to_be_so():
    """Before the first value nothing is guessed: the rule is not known, with the reason."""
    found = rule_on(HOURS, pack=CN, as_of=date(2020, 1, 1))
    assert found.state is RuleState.unknown
    assert "2020-01-01" in found.error.message()


def test_the_past_shows_the_values_of_its_day():
    """Before the guideline only the standard is a source, and for a small-loan company still so later."""
    before = rule_on(HOURS, pack=CN, as_of=date(2026, 1, 29), lender_class="bank")
    assert {one.reference.text.id for one in before.effective[0].sources} == {"gbt_45251_2025"}
    small = rule_on(HOURS, pack=CN, as_of=ON, lender_class="small_loan")
    assert {one.reference.text.id for one in small.effective[0].sources} == {"gbt_45251_2025"}


@pytest.mark.parametrize(
    ("words", "found"), [("催收时段", True), ("contact hours", True), ("45251 5.3", True), ("UNTIL_MINUTE", True), ("hours zebra", False)]
)
def test_search_needs_all_words_in_any_language(words, found):
    """A rule is found by title, text, article or parameter, in Chinese and English, when all words are there."""
    assert speaks_of(HOURS, words) is found


@pytest.mark.parametrize(("pack", "rule"), ALL, ids=[rule.id for _, rule in ALL])
def test_every_rule_can_be_looked_at(pack, rule):
    """Of every rule that ships the library shows texts, dated values, the code, and a state on any day without raising."""
    assert texts_of(rule)
    assert list(dated_values(rule))
    assert body_of(rule).startswith("def is_breached(facts")
    for day in (date(1990, 1, 1), ON, date(2040, 1, 1)):
        found = rule_on(rule, pack=pack, as_of=day, lender_class="bank")
        assert bool(found.effective) == (found.state is RuleState.binds)
        assert (found.state is RuleState.disabled) == (not rule.is_enabled)


def test_cases_are_run_and_a_wrong_one_is_told():
    """All cases of the rule of hours come out; a case that claims otherwise is told in words."""
    assert all(not run.faults for run in run_cases(HOURS, pack=CN))
    wrong = replace(HOURS, cases=({**HOURS.cases[0], "finding": "clear"},))
    assert run_cases(wrong, pack=CN)[0].faults[0] == "was refused, not clear"
