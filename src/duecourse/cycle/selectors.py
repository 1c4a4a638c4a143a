"""Every read about months and their steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa

from duecourse.cycle.models import Run, StepRun
from duecourse.repayment.models import Payment
from duecourse.settlement.models import Statement

PAYMENTS = pa.schema(
    [
        pa.field("payment_id", pa.int64(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("paid_on", pa.date32(), nullable=False),
        pa.field("booked_on", pa.date32(), nullable=False),
        pa.field("body_hash", pa.string(), nullable=False),
    ]
)
"""The payments of a window, as they were known at an instant."""

STEP_NAMES = ("intake", "snapshot", "score", "allocate", "hand_over", "contact", "repay", "measure", "settle", "close")


def latest_steps(run: Run) -> dict[str, StepRun]:
    """Return the newest checked execution of each step of a run, by name."""
    found: dict[str, StepRun] = {}
    for step_run in StepRun.objects.filter(creditor_id=run.creditor_id, run=run, state="checked").order_by("finished_at", "id"):
        found[step_run.step] = step_run
    return found


def latest_step(run: Run, step: str) -> StepRun | None:
    """Return the newest checked execution of one step of a run, or None."""
    return latest_steps(run).get(step)


def payments_window(*, run: Run, first_on: Any, last_on: Any, known_at: datetime) -> pa.Table:
    """Return PAYMENTS booked in a span of days, both ends included, and known at an instant."""
    rows = Payment.objects.filter(creditor_id=run.creditor_id, booked_on__range=(first_on, last_on), known_at__lte=known_at)
    values = rows.values_list("id", "amount_minor", "currency", "paid_on", "booked_on", "body_hash")
    names = PAYMENTS.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in values], schema=PAYMENTS)


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
