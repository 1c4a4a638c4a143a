"""Measured rates and scorecards: written, replaced, and handed to the next allocation."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from duecourse.engine.evaluation import SCORECARD, effects
from duecourse.kit.errors import Forbidden
from duecourse.parties.access import acting
from duecourse.placement.models import Batch
from duecourse.settlement import selectors, services
from tests.repayment.world import pay, record
from tests.settlement.world import NOVEMBER, OCTOBER, SEPTEMBER, measured, own, tier_minor

MEASURES = ("payers", "money")


def scorecard(bank, *, mean: float = 1.1) -> pa.Table:
    """Return a scorecard of both agencies."""
    rows = []
    for agency, terms, ratio in ((bank.aoki, bank.aoki_terms, mean), (bank.birch, bank.birch_terms, 0.9)):
        for measure in MEASURES:
            for evidence in ("randomised", "adjusted"):
                row = {
                    "agency_id": agency.pk,
                    "contract_id": terms.contract.pk,
                    "measure": measure,
                    "evidence": evidence,
                    "case_count": 700,
                }
                row |= {"effective_count": 650.0, "placed_minor": 10**8, "recovered_minor": 10**6, "observed": 9e5, "expected": 8.5e5 + 0.4}
                row |= {"ratio": 1.06, "effect_mean": ratio, "effect_median": ratio, "effect_low": ratio - 0.1, "effect_high": ratio + 0.1}
                row |= {"best_share": 0.8, "top_three_share": 1.0, "below_floor_share": None, "can_rank": True, "why_not": None}
                rows.append(row)
    return pa.Table.from_pylist(rows, schema=SCORECARD)


def test_rates_are_cumulative_over_the_frozen_amount(bank, placed):
    """Every batch has a rate; October's counts September's money too; the amount placed is what was frozen, whatever was paid."""
    loan = own(placed, bank.aoki)[0]
    half = -(-tier_minor(bank, loan.batch_id) // 2)
    record(bank, pay(loan, half), pay(loan, half, on=date(2026, 10, 3)))
    for month in (SEPTEMBER, OCTOBER):
        assert measured(bank, month) == 2
        assert measured(bank, month) == 2
    with acting(bank.fan):
        frozen_minor = Batch.objects.get(pk=loan.batch_id).placed_minor
        found = {(rate.month, rate.batch_id): rate for m in (SEPTEMBER, OCTOBER) for rate in selectors.rates(creditor_id=bank.id, month=m)}
    september, october = found[SEPTEMBER, loan.batch_id], found[OCTOBER, loan.batch_id]
    assert (september.recovered_minor, september.rate_bp, september.placed_minor) == (half, 250, frozen_minor)
    assert (october.recovered_minor, october.rate_bp) == (2 * half, 500)
    assert {rate.rate_bp for (_, batch_id), rate in found.items() if batch_id != loan.batch_id} == {0}


def test_rates_before_anything_was_placed(bank, placed):
    """In August no batch was placed, so there is no rate."""
    assert measured(bank, "2026-08") == 0


def test_scorecards_are_replaced_and_read_back_whole(bank, placed):
    """A second writing replaces the first, of an older version too; what was computed is read back value for value."""
    services.scorecards_write(actor=bank.system, month=SEPTEMBER, metric_version="older", frame=scorecard(bank, mean=1.2))
    services.scorecards_write(actor=bank.system, month=SEPTEMBER, metric_version="m", frame=scorecard(bank, mean=1.3))
    assert services.scorecards_write(actor=bank.system, month=SEPTEMBER, metric_version="m", frame=scorecard(bank)) == 4
    order = [(name, "ascending") for name in ("agency_id", "measure", "evidence")]
    with acting(bank.fan):
        cards = selectors.scorecards(creditor_id=bank.id, month=SEPTEMBER)
        assert selectors.scorecard_frame(creditor_id=bank.id, month=SEPTEMBER).sort_by(order).equals(scorecard(bank).sort_by(order))
    first = cards[0]
    assert (first.agency.code, first.evidence, first.case_count, first.expected_minor) == ("aoki", "adjusted", 700, 850_000)
    assert (first.ratio, first.ratio_low, first.ratio_high, first.can_rank) == (1.1, 1.0, pytest.approx(1.2), True)


def test_newest_scorecards_before_a_month_feed_its_allocation(bank, placed):
    """October's allocation uses September's effects, September's none; November's still September's while October has none."""
    services.scorecards_write(actor=bank.system, month=SEPTEMBER, metric_version="m", frame=scorecard(bank))
    with acting(bank.fan):
        assert selectors.effects_before(creditor_id=bank.id, month=SEPTEMBER).num_rows == 0
        for month in (OCTOBER, NOVEMBER):
            found = selectors.effects_before(creditor_id=bank.id, month=month)
            assert found.equals(effects(scorecard(bank)))
            assert dict(zip(found["agency_id"].to_pylist(), found["effect_bp"].to_pylist(), strict=True))[bank.aoki.pk] == 11_000


def test_agency_sees_its_own_scorecards(bank, placed):
    """Ann sees Aoki's two, and writing is not hers."""
    services.scorecards_write(actor=bank.system, month=SEPTEMBER, metric_version="m", frame=scorecard(bank))
    with acting(bank.ann):
        assert {card.agency_id for card in selectors.scorecards(creditor_id=bank.id, month=SEPTEMBER)} == {bank.aoki.pk}
    with pytest.raises(Forbidden):
        services.scorecards_write(actor=bank.ann, month=SEPTEMBER, metric_version="m", frame=scorecard(bank))
