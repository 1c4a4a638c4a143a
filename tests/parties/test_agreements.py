"""Agencies, qualifications, contract versions and fees."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.engine.commission import FEE_LINES, rate_for
from duecourse.kit.errors import Absent, Forbidden
from duecourse.parties import selectors, services
from duecourse.parties.access import acting, actors_of
from duecourse.parties.errors import CodeTaken, FeeScheduleBroken, MembershipMissing, SpanRefused, TermsRefused
from duecourse.parties.models import ContractVersion, FeeLine, FeeSchedule, User
from tests import factories, people

HANDS = {"hand_from": 1, "hand_to": None}
ONE_RATE = {
    "product_class": "*",
    "age_band_from_days": 1,
    "age_band_to_days": None,
    "tier_from_bp": 0,
    "tier_to_bp": None,
    "rate_bp": 1000,
} | HANDS


@pytest.fixture
def bank(db):
    """Lanxi Bank, in a transaction that is rolled back."""
    return factories.bank()


def add_version(bank, **changes) -> ContractVersion:
    """Add a version to the contract with Aoki; `changes` replace single terms."""
    return services.contract_version_add(actor=bank.mei, contract_id=bank.aoki_terms.contract.pk, **(factories.TERMS | changes))


def test_agency_has_a_code_and_a_kind(bank):
    """A code is used once per creditor; a kind outside the list is refused; an accountant adds none."""
    facts = {"name": "X", "opened_on": people.FIRST_DAY}
    with pytest.raises(CodeTaken):
        services.agency_add(actor=bank.mei, code="aoki", kind="external", **facts)
    with pytest.raises(TermsRefused):
        services.agency_add(actor=bank.mei, code="x", kind="bank", **facts)
    with pytest.raises(Forbidden):
        services.agency_add(actor=bank.fan, code="x", kind="external", **facts)
    assert services.agency_add(actor=bank.mei, code="x", kind="law_firm", **facts).pk


def test_closed_agency_is_out_with_its_people(bank):
    """From the closing day on the agency is not listed, its contract is not in force, and its people are nobody."""
    day = date(2026, 3, 10)
    services.agency_close(actor=bank.qiu, agency_id=bank.aoki.pk, closed_on=day)
    ann = User.objects.get(pk=bank.ann.user_id)
    with acting(bank.mei):
        for on, codes in ((day - timedelta(days=1), ["aoki", "birch"]), (day, ["birch"])):
            assert [a.code for a in selectors.agencies(actor=bank.mei, on=on, kinds=("external",))] == codes
            assert [v.contract.agency.code for v in selectors.contract_versions_in_force(actor=bank.mei, on=on)] == codes
    assert actors_of(ann, on=day - timedelta(days=1))
    with pytest.raises(MembershipMissing):
        actors_of(ann, on=day)


def test_qualification_is_valid_over_its_span(bank):
    """Evidence counts from its first day until the day before its end; an empty span is refused."""
    facts = {"actor": bank.qiu, "agency_id": bank.aoki.pk, "kind": "licence", "valid_from_on": date(2026, 1, 1)}
    services.qualification_add(valid_until_on=date(2026, 7, 1), **facts)
    with acting(bank.qiu):
        found = [selectors.qualifications(actor=bank.qiu, agency_id=bank.aoki.pk, on=d) for d in (date(2026, 6, 30), date(2026, 7, 1))]
    assert [len(rows) for rows in found] == [1, 0]
    with pytest.raises(SpanRefused):
        services.qualification_add(valid_until_on=date(2026, 1, 1), **facts)


def test_versions_are_numbered_and_never_changed(bank):
    """The next version's number follows the last one's, the creditor's currency is the default, and the database refuses a change."""
    first, second = bank.aoki_terms.version, add_version(bank, effective_on=date(2026, 4, 1))
    assert (first.number, second.number, second.currency) == (1, 2, "CNY")
    for row in (second, FeeSchedule.objects, FeeLine.objects):
        with pytest.raises(DatabaseError, match="permission denied"), acting(bank.mei):
            row.delete() if row is second else row.update(creditor_id=bank.id)


def test_version_of_a_day_is_the_last_signed_one_in_force(bank):
    """A version counts from its effective day, once signed, until it expires; a draft never does."""
    contract_id = bank.aoki_terms.contract.pk
    second = add_version(bank, effective_on=date(2026, 4, 1), expires_on=date(2026, 6, 1), signed_on=date(2026, 4, 10))
    add_version(bank, signed_on=None)
    expected = {
        date(2025, 12, 31): None,
        date(2026, 1, 1): bank.aoki_terms.version,
        date(2026, 4, 9): bank.aoki_terms.version,
        date(2026, 4, 10): second,
        date(2026, 5, 31): second,
        date(2026, 6, 1): bank.aoki_terms.version,
        date(2027, 1, 1): None,
    }
    with acting(bank.mei):
        for on, version in expected.items():
            assert selectors.contract_version_on(contract_id=contract_id, on=on) == version, on
            in_force = {v.contract_id: v for v in selectors.contract_versions_in_force(actor=bank.mei, on=on)}
            assert in_force.get(contract_id) == version, on


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expires_on": date(2026, 1, 1)}, "expire before they begin"),
        ({"placement_term_days": 0}, "at least one day"),
        ({"attribution_rule": "guessed"}, "paid or booked"),
        ({"attribution_tail_days": -1}, "tail"),
        ({"tier_mode": "steep"}, "whole or marginal"),
        ({"rounding": "up"}, "half_up, half_even or down"),
        ({"share_cap_bp": 0}, "share cap"),
        ({"share_cap_bp": 10_001}, "share cap"),
        ({"capacity_count": -1}, "number of cases"),
        ({"capacity_minor": -1}, "no amount"),
        ({"regions": []}, "no region"),
        ({"products": []}, "no product"),
        ({"contracted_fields": []}, "no field"),
        ({"contracted_fields": ["name", "name"]}, "twice"),
        ({"contracted_fields": ["name", "blood_type"], "known_fields": ["name"]}, "blood_type"),
    ],
)
def test_terms_that_cannot_hold_are_refused(bank, changes, reason):
    """Each term that contradicts another or the house is named, and no version is added."""
    with pytest.raises(TermsRefused, match=reason):
        add_version(bank, **changes)
    with acting(bank.mei):
        assert ContractVersion.objects.filter(contract=bank.aoki_terms.contract).count() == 1


def test_all_reasons_are_told_at_once(bank):
    """Two wrong terms give two reasons."""
    with pytest.raises(TermsRefused, match=r"at least one day; .*twice"):
        add_version(bank, placement_term_days=0, contracted_fields=["name", "name"])


def test_two_versions_added_at_once_get_two_numbers(committed_db):
    """Managers who add terms at the same moment wait for each other."""
    house = factories.bank()
    versions = committed_db.parallel(lambda number: add_version(house), count=4)
    assert sorted(version.number for version in versions) == [2, 3, 4, 5]


def test_fees_come_back_as_they_were_set(bank):
    """The frame of fees is the engine's, and gives the engine its rates."""
    with acting(bank.fan):
        frame = selectors.fee_lines(contract_version_id=bank.aoki_terms.version.pk, on=people.FIRST_DAY)
        assert frame.schema == FEE_LINES
        assert frame.to_pylist() == [HANDS | line for line in factories.FEE_LINES]
        assert rate_for(frame, product_class="card", days_past_due=40, hand=2, achieved_bp=500).rate_bp == 1500
        assert selectors.fee_lines(contract_version_id=bank.aoki_terms.version.pk, on=date(2025, 12, 31)).num_rows == 0


def test_fees_change_from_a_day_on(bank):
    """A later schedule holds from its day; the earlier one until then; one day has one schedule."""
    version_id, day = bank.aoki_terms.version.pk, date(2026, 5, 1)
    facts = {"actor": bank.mei, "contract_version_id": version_id, "effective_on": day, "lines": [ONE_RATE]}
    services.fee_schedule_set(**facts)
    with pytest.raises(CodeTaken):
        services.fee_schedule_set(**facts)
    with acting(bank.mei):
        assert selectors.fee_lines(contract_version_id=version_id, on=day - timedelta(days=1)).num_rows == 3
        assert selectors.fee_lines(contract_version_id=version_id, on=day)["rate_bp"].to_pylist() == [1000]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [ONE_RATE, ONE_RATE],
        [ONE_RATE | {"age_band_to_days": 90}, ONE_RATE | {"age_band_from_days": 91}],
        [ONE_RATE | {"tier_from_bp": 100}],
        [ONE_RATE | {"hand_to": 2}],
        [ONE_RATE | {"rate_bp": 10_001}],
        [ONE_RATE | {"product_class": "card"}],
    ],
    ids=["none", "overlap", "gap in age", "gap in tier", "gap in hand", "rate", "product"],
)
def test_broken_schedules_are_refused_whole(bank, lines):
    """No lines, overlaps, gaps and impossible rates are refused when the fees are set, and nothing of them is kept."""
    version = add_version(bank, products=["card", "mortgage"])
    with pytest.raises(FeeScheduleBroken):
        services.fee_schedule_set(actor=bank.mei, contract_version_id=version.pk, effective_on=version.effective_on, lines=lines)
    with acting(bank.mei):
        assert selectors.fee_lines(contract_version_id=version.pk, on=people.FIRST_DAY).num_rows == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(2, 400), unique=True, max_size=5).map(sorted), shift=st.sampled_from([-1, 0, 1]))
def test_half_open_bounds_touch(bank, cuts, shift):
    """Bands whose ends are the next one's beginnings are accepted; moving one end by a day is a gap or an overlap."""
    starts, ends = [1, *cuts], [*cuts, None]
    if ends[0] is not None:
        ends[0] += shift
    is_right = shift == 0 or not cuts
    version = add_version(bank)
    lines = [ONE_RATE | {"age_band_from_days": start, "age_band_to_days": end} for start, end in zip(starts, ends, strict=True)]
    facts = {"actor": bank.mei, "contract_version_id": version.pk, "effective_on": version.effective_on, "lines": lines}
    if is_right:
        assert services.fee_schedule_set(**facts).pk
    else:
        with pytest.raises(FeeScheduleBroken):
            services.fee_schedule_set(**facts)


def test_agencies_and_strangers_set_no_terms(bank):
    """An agency's lead sets no terms and no fees; a manager of another creditor does not find the contract."""
    other = factories.bank(people.OTHER_BANK)
    calls = [(bank.ann, Forbidden), (bank.fan, Forbidden), (other.mei, Absent)]
    for actor, error in calls:
        with pytest.raises(error):
            services.contract_version_add(actor=actor, contract_id=bank.aoki_terms.contract.pk, **factories.TERMS)
        with pytest.raises(error):
            services.fee_schedule_set(
                actor=actor, contract_version_id=bank.aoki_terms.version.pk, effective_on=people.FIRST_DAY, lines=[ONE_RATE]
            )
