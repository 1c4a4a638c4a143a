"""How well agencies did, as measured and as kept."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from duecourse.engine.allocation.schemas import EFFECTS
from duecourse.engine.evaluation import RATES, SCORECARD, effects
from duecourse.engine.frames import empty, from_rows
from duecourse.kit.money import BASIS_POINTS
from duecourse.ledger.selectors.rows import dicts
from duecourse.repayment.selectors import recovered_frame
from duecourse.settlement.models import MeasuredRate, Scorecard

_PLACED = """
SELECT b.contract_id, b.id AS batch_id, b.currency, b.case_count, b.placed_minor FROM placement_batch b
WHERE b.creditor_id = %(creditor)s AND b.placed_on <= %(last)s ORDER BY b.contract_id, b.id
"""
_BATCH_OF = "SELECT id, batch_id FROM placement_placement WHERE creditor_id = %(creditor)s AND id = ANY(%(placements)s)"


def measured_frame(*, creditor_id: int, last_on: date) -> pa.Table:
    """Return engine.evaluation.RATES of every batch placed until a day, in order of contract and batch: cumulative, denominators frozen.

    What is recognised for placements of a batch up to the day, net of reversals; the rate is rounded towards minus infinity.
    """
    recovered = recovered_frame(creditor_id=creditor_id, last_on=last_on).to_pydict()
    wanted = {"creditor": creditor_id, "placements": recovered["placement_id"]}
    batch_of = {row["id"]: row["batch_id"] for row in dicts(_BATCH_OF, **wanted)}
    by_batch: dict[int, int] = {}
    for placement_id, minor in zip(recovered["placement_id"], recovered["recovered_minor"], strict=True):
        by_batch[batch_of[placement_id]] = by_batch.get(batch_of[placement_id], 0) + minor
    rows = dicts(_PLACED, creditor=creditor_id, last=last_on)
    for row in rows:
        row["recovered_minor"] = by_batch.get(row["batch_id"], 0)
        row["rate_bp"] = row["recovered_minor"] * BASIS_POINTS // row["placed_minor"] if row["placed_minor"] else None
    return from_rows(rows, RATES)


def rates(*, creditor_id: int, month: str) -> list[MeasuredRate]:
    """Return a month's measured rates with their batches, in order of batch."""
    return list(MeasuredRate.objects.filter(creditor_id=creditor_id, month=month).select_related("batch").order_by("batch_id"))


def scorecards(*, creditor_id: int, month: str) -> list[Scorecard]:
    """Return a month's scorecards with their agencies, by code of the agency, contract and evidence; an agency gets its own."""
    found = Scorecard.objects.filter(creditor_id=creditor_id, month=month).select_related("agency")
    return list(found.order_by("agency__code", "contract_id", "evidence", "metric_version"))


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
