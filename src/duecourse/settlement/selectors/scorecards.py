"""How well agencies did, as measured and as kept."""

from __future__ import annotations

import pyarrow as pa

from duecourse.engine.allocation.schemas import EFFECTS
from duecourse.engine.evaluation import SCORECARD, effects
from duecourse.engine.frames import empty, from_rows
from duecourse.settlement.models import MeasuredRate, Scorecard


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
