"""Every case of every pack comes out as the lawyer wrote it, and a case that does not is named."""

import pytest

from duecourse.rules.cases import case_errors, check_case
from duecourse.rules.load import SHIPPED, load_pack, shipped_packs
from tests.rules.contacts import CN, SAMPLE, TRIAL, TRIAL_FOLDER

PACKS = [*shipped_packs(), TRIAL, SAMPLE]
AWAKE = [load_pack(SHIPPED / pack.id, enable={rule.id for rule in pack.rules}) for pack in shipped_packs()]
CASES = [(pack, rule, case) for pack in [*AWAKE, TRIAL, SAMPLE] for rule in pack.rules if rule.is_enabled for case in rule.cases]


@pytest.mark.parametrize(("pack", "rule", "case"), [pytest.param(*c, id=f"{c[1].id}: {c[2]['case']}") for c in CASES])
def test_case(pack, rule, case):
    """The case comes out as written; those of weakly known rules do once they are enabled."""
    assert not check_case(case, rule=rule, pack=pack)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_every_enabled_rule_has_a_case_in_which_it_finds_fault(pack):
    """A pack whose cases all pass, and whose rules each find fault once, has nothing to report."""
    assert case_errors(pack) == []


def test_weak_rule_works_once_it_is_enabled():
    """A rule that rests on memory sleeps by default and keeps its cases when somebody enables it."""
    awake = load_pack(TRIAL_FOLDER, enable={"trial.visits_daily"})
    assert [rule.is_enabled for rule in TRIAL.rules] == [True, False]
    assert [rule.is_enabled for rule in awake.rules] == [True, True]
    assert case_errors(awake) == []
    assert [(rule.id, value.confidence.value) for rule, _, value in TRIAL.disabled()] == [("trial.visits_daily", "memory")]
    assert awake.disabled() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"finding": "clear"}, "was refused, not clear"),
        ({"next_allowed_at": "2025-03-03 09:00"}, "would next be allowed at 2025-03-03 08:00, not 2025-03-03 09:00"),
        ({"cites": ["other"]}, "cited gbt_45251_2025"),
        ({"code": "other"}, "had the code outside_contact_hours"),
        ({"finding_": "clear"}, "unknown key 'finding_'"),
        ({"error": "NoValueInForce"}, "needs either a finding or an error"),
    ],
)
def test_case_that_comes_out_otherwise_is_named(change, told):
    """A wrong expectation is told in words, for each thing a case can expect."""
    rule = next(rule for rule in CN.rules if rule.name == "contact_hours")
    assert check_case({**rule.cases[0], **change}, rule=rule, pack=CN) == [told]
