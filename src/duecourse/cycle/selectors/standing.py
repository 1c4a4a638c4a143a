"""Whether each step of a month can be run now, and if not, what it waits for: what the buttons of a month's page go by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from duecourse.cycle.models import Run, StepRun
from duecourse.cycle.selectors.months import STEP_NAMES, latest_steps
from duecourse.kit.calendar import Month
from duecourse.placement.models import AllocationRun
from duecourse.portfolio.models import Tape
from duecourse.settlement import selectors as settled


@dataclass(frozen=True, slots=True)
class Standing:
    """How one step of a month stands.

    Attributes:
        number, name: its place and code.
        step_run: its newest checked execution, or None.
        barrier: code of what it waits for, '' when it can be run: closed, no_tape, before, undecided, rejected, unfrozen or not_over.
        values: what the barrier's sentence names.
    """

    number: int
    name: str
    step_run: StepRun | None
    barrier: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Say whether it was run."""
        return self.step_run is not None


def month_standing(run: Run, /, *, on: date) -> list[Standing]:
    """Return the ten steps of a month in order, each with what it waits for on a day of the creditor's."""
    newest = latest_steps(run)
    return [
        Standing(number, name, newest.get(name), *_barrier(run, name, newest, on=on)) for number, name in enumerate(STEP_NAMES, start=1)
    ]


def month_tapes(run: Run, /) -> list[Tape]:
    """Return the whole tapes that were taken in for days of a month, the newest first: any may be the month's."""
    bounds = Month.parse(run.month)
    found = Tape.objects.filter(
        creditor_id=run.creditor_id, feed_kind="overdue", state="published", as_of__range=(bounds.first, bounds.last)
    )
    return list(found.order_by("-as_of", "-pk")[:20])


def proposal_of(run: Run, /) -> AllocationRun | None:
    """Return the allocation that the month's newest step proposes, or None before there is one."""
    step_run = latest_steps(run).get("allocate")
    return AllocationRun.objects.filter(pk=step_run.counts["allocation_run_id"]).first() if step_run else None


def _barrier(run: Run, name: str, newest: dict[str, StepRun], *, on: date) -> tuple[str, dict[str, Any]]:
    if run.closed_at is not None:
        return "closed", {}
    if name == "intake":
        return ("", {}) if month_tapes(run) else ("no_tape", {})
    before = STEP_NAMES[STEP_NAMES.index(name) - 1]
    if name == "close":
        missing = [other for other in STEP_NAMES[:-1] if other not in newest]
        return ("before", {"step": missing[0]}) if missing else _close(run, on=on)
    if before not in newest:
        return "before", {"step": before}
    if name == "hand_over":
        found = AllocationRun.objects.filter(pk=newest["allocate"].counts["allocation_run_id"]).first()
        if found is not None and found.state in ("proposed", "rejected"):
            return {"proposed": "undecided", "rejected": "rejected"}[found.state], {"allocation_run_id": found.pk}
    return "", {}


def _close(run: Run, *, on: date) -> tuple[str, dict[str, Any]]:
    unfrozen = settled.unfrozen(creditor_id=run.creditor_id, month=run.month)
    if unfrozen:
        return "unfrozen", {"count": len(unfrozen)}
    last_on = Month.parse(run.month).last
    return ("not_over", {"day": last_on.isoformat()}) if on < last_on else ("", {})
