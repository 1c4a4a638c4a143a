"""How well agencies did, as measured and as kept."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from duecourse.engine.allocation.schemas import EFFECTS
from duecourse.engine.evaluation import SCORECARD, effects
from duecourse.engine.frames import empty, from_rows
from duecourse.ledger.selectors.rows import dicts
from duecourse.settlement.models import MeasuredRate, Scorecard


def rates(*, creditor_id: int, month: str) -> list[MeasuredRate]:
    """Return a month's measured rates with their batches, in order of batch."""
    return list(MeasuredRate.objects.filter(creditor_id=creditor_id, month=month).select_related("batch").order_by("batch_id"))


def scorecards(*, creditor_id: int, month: str) -> list[Scorecard]:
    """Return a month's scorecards with their agencies, by code of the agency, contract and evidence; an agency gets its own."""
    found = Scorecard.objects.filter(creditor_id=creditor_id, month=month).select_related("agency")
    return list(found.order_by("agency__code", "contract_id", "evidence", "metric_version"))


_SINCE = """
SELECT c.month, c.metric_version, c.agency_id, a.code AS agency_code, a.name AS agency_name, a.kind, c.contract_id, c.evidence, c.measures
FROM settlement_scorecard c JOIN parties_agency a ON a.creditor_id = c.creditor_id AND a.id = c.agency_id
WHERE c.creditor_id = %(creditor)s AND c.month IN (
    SELECT DISTINCT month FROM settlement_scorecard WHERE creditor_id = %(creditor)s ORDER BY month DESC LIMIT %(months)s)
ORDER BY c.month, a.code, c.contract_id, c.evidence
"""
_SHOWN = {"ratio": "effect_median", "ratio_low": "effect_low", "ratio_high": "effect_high"}
"""A reader's name of each figure; without a case there is nothing to say, though the engine shrinks to the average."""


def scorecards_since(*, creditor_id: int, months: int) -> list[dict[str, Any]]:
    """Return the scorecards of the newest months that were measured, one row per agency, contract, evidence and measure, by month and code.

    Returns:
        dicts with month, metric_version, agency_id, agency_code, agency_name, kind, contract_id, evidence, measure, case_count,
        effective_count, placed_minor, recovered_minor, observed, expected, best_share, top_three_share, can_rank and why_not as they were
        computed; ratio, ratio_low and ratio_high are the shrunk median with its 90 % interval, None without a case.
    """
    names = ("measure", "case_count", "effective_count", "placed_minor", "recovered_minor", "observed", "expected")
    names += ("best_share", "top_three_share", "can_rank", "why_not")
    return [
        {name: value for name, value in row.items() if name != "measures"}
        | {name: measure[name] for name in names}
        | {name: measure[effect] if measure["case_count"] else None for name, effect in _SHOWN.items()}
        for row in dicts(_SINCE, creditor=creditor_id, months=months)
        for measure in row["measures"].values()
    ]


def scorecard_frame(*, creditor_id: int, month: str) -> pa.Table:
    """Return a month's scorecards as they were computed, engine.evaluation.SCORECARD."""
    cards = scorecards(creditor_id=creditor_id, month=month)
    return from_rows([row for card in cards for row in card.measures.values()], SCORECARD)


def effects_before(*, creditor_id: int, month: str) -> pa.Table:
    """Return what each agency adds, engine.allocation EFFECTS, from the newest scorecards before a month; no rows when there are none."""
    newest = Scorecard.objects.filter(creditor_id=creditor_id, month__lt=month).order_by("-month", "-pk").first()
    if newest is None:
        return empty(EFFECTS)
    cards = Scorecard.objects.filter(creditor_id=creditor_id, month=newest.month, metric_version=newest.metric_version).order_by("pk")
    return effects(from_rows([row for card in cards for row in card.measures.values()], SCORECARD))
