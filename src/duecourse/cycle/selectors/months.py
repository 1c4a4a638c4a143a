"""Every read about months and their steps."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from django.db import connection

from duecourse.cycle.models import Run, StepRun
from duecourse.engine.evaluation import OUTCOMES
from duecourse.ledger.selectors.rows import frame
from duecourse.placement.models import Batch
from duecourse.settlement.models import Statement

STEP_NAMES = ("intake", "snapshot", "score", "allocate", "hand_over", "contact", "repay", "measure", "settle", "close")


def latest_steps(run: Run) -> dict[str, StepRun]:
    """Return the newest checked execution of each step of a run, by name."""
    found: dict[str, StepRun] = {}
    for step_run in StepRun.objects.filter(creditor_id=run.creditor_id, run=run, state="checked").order_by("finished_at", "id"):
        found[step_run.step] = step_run
    return found


def latest_step(run: Run, *, step: str, period: str | None = None) -> StepRun | None:
    """Return the newest checked execution of one step of a run, of any period or of one, or None."""
    found = StepRun.objects.filter(creditor_id=run.creditor_id, run=run, step=step, state="checked")
    return (found.filter(period=period) if period else found).order_by("finished_at", "id").last()


def statements_of(run: Run) -> list[Statement]:
    """Return a month's statements."""
    return list(Statement.objects.filter(creditor_id=run.creditor_id, month=run.month).order_by("id"))


def runs(creditor_id: int) -> list[Run]:
    """Return a creditor's months, newest first."""
    return list(Run.objects.filter(creditor_id=creditor_id).order_by("-month"))


def closed_months(run: Run, *, limit: int) -> list[str]:
    """Return the closed months before a run's, newest first, at most `limit`."""
    earlier = Run.objects.filter(creditor_id=run.creditor_id, month__lt=run.month, closed_at__isnull=False)
    return list(earlier.order_by("-month").values_list("month", flat=True)[:limit])


HANDED_OVER = pa.schema(
    [
        pa.field("batch_id", pa.int64(), nullable=False),
        pa.field("case_count", pa.int64(), nullable=False),
        pa.field("placed_minor", pa.int64(), nullable=False),
        pa.field("account_count", pa.int64(), nullable=False),
        pa.field("row_count", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ]
)
"""One row per batch of an allocation: its placements, their frozen balance and accounts, and the rows and hash of its package."""

_HANDED_OVER = """
SELECT b.id, count(p.id), coalesce(sum(p.placed_minor), 0)::bigint,
       (SELECT count(*) FROM placement_placementaccount pa
        JOIN placement_placement o ON o.creditor_id = pa.creditor_id AND o.id = pa.placement_id
        WHERE o.creditor_id = b.creditor_id AND o.batch_id = b.id),
       coalesce(max(h.row_count), 0)::bigint, coalesce(max(h.sha256), '')
FROM placement_batch b
LEFT JOIN placement_placement p ON p.creditor_id = b.creditor_id AND p.batch_id = b.id
LEFT JOIN placement_handover h ON h.creditor_id = b.creditor_id AND h.batch_id = b.id
WHERE b.creditor_id = %(creditor)s AND b.allocation_run_id = %(run)s GROUP BY b.id, b.creditor_id ORDER BY b.id
"""

_OUTCOMES = """
SELECT p.id AS placement_id, p.case_id, c.person_id, p.agency_id, b.contract_id, p.batch_id, p.segment_key, p.currency, p.placed_minor,
       p.is_random_slice AS in_slice, r.draw_share
FROM placement_placement p
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN placement_allocationrow r
  ON r.creditor_id = b.creditor_id AND r.allocation_run_id = b.allocation_run_id AND r.case_id = p.case_id
JOIN portfolio_case c ON c.creditor_id = p.creditor_id AND c.id = p.case_id
WHERE p.creditor_id = %(creditor)s AND b.placed_on BETWEEN %(first)s AND %(last)s ORDER BY p.id
"""

_OUTCOME_COLUMNS = pa.schema(
    [
        pa.field("placement_id", pa.int64(), nullable=False),
        *[OUTCOMES.field(name) for name in ("case_id", "person_id", "agency_id", "contract_id", "batch_id", "segment_key", "currency")],
        *[OUTCOMES.field(name) for name in ("placed_minor", "in_slice", "draw_share")],
    ]
)


def handover_frame(*, creditor_id: int, allocation_run_id: int) -> pa.Table:
    """Return HANDED_OVER of an allocation's batches."""
    return frame(_HANDED_OVER, schema=HANDED_OVER, creditor=creditor_id, run=allocation_run_id)


def outcomes_frame(*, creditor_id: int, first_on: date, last_on: date) -> pa.Table:
    """Return the placements of the batches placed in a span of days: engine.evaluation.OUTCOMES without what was recovered."""
    return frame(_OUTCOMES, schema=_OUTCOME_COLUMNS, creditor=creditor_id, first=first_on, last=last_on)


def double_placements(*, creditor_id: int) -> int:
    """Return how many cases have two open placements; the database admits none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT case_id FROM placement_placement WHERE creditor_id = %s AND upper_inf(during)"
            " GROUP BY case_id HAVING count(*) > 1) AS twice",
            [creditor_id],
        )
        return cursor.fetchone()[0]


def placed_total(*, creditor_id: int, batch_ids: list[int]) -> int:
    """Return the balances frozen when the batches were made, in minor units."""
    return sum(Batch.objects.filter(creditor_id=creditor_id, pk__in=batch_ids).values_list("placed_minor", flat=True))
