"""The current month as a line of ten steps: what is done, what runs, what comes next, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from duecourse.cycle.models import Run, StepRun
from duecourse.cycle.selectors.standing import Standing, month_standing
from duecourse.kit.calendar import Month

LIVE = ("contact", "repay")
OF_THE_MONTH = ("contact", "repay", "measure", "settle", "close")
MONTHS_LOOKED_AT = 12
STALE_AFTER = timedelta(hours=1)
"""A step that began longer ago and left no result was interrupted; whoever runs it again takes up what is missing."""


@dataclass(frozen=True, slots=True)
class StepShown:
    """One step of the line.

    Attributes:
        number, name: its place and code.
        state: done, running, live, next, blocked or waiting.
        finished_at: when it was done, or None.
        law_count, held_count: its laws of conservation, and how many of them hold.
        barrier, values: of `Standing`, when a person has to take it away first.
    """

    number: int
    name: str
    state: str
    finished_at: datetime | None = None
    law_count: int = 0
    held_count: int = 0
    barrier: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonthLine:
    """The month the house is in.

    Attributes:
        month: YYYY-MM.
        first_on, last_on: its days.
        closed_at: None while it is open.
        steps: the ten, in order.
    """

    month: str
    first_on: date
    last_on: date
    closed_at: datetime | None
    steps: list[StepShown]

    @property
    def upcoming(self) -> StepShown | None:
        """The step to press next, or the one that is held up; None while the month runs by itself or when it is closed."""
        return next((step for step in self.steps if step.state in {"next", "blocked", "running"}), None)


BLOCKS = frozenset({"undecided", "rejected", "unfrozen"})
"""The barriers that a person takes away; the others are the order of the steps or the calendar."""


def month_line(*, creditor_id: int, on: date, at: datetime) -> MonthLine | None:
    """Return the current month: the newest open one in which something was done, else the newest open one, else the newest.

    Args:
        creditor_id: the tenant.
        on: the creditor's day.
        at: the instant, against which a step that began and did not end is judged.
    """
    runs = list(Run.objects.filter(creditor_id=creditor_id).order_by("-month")[:MONTHS_LOOKED_AT])
    if not runs:
        return None
    begun = {row["run_id"]: row for row in _begun(creditor_id, runs)}
    still_open = [run for run in runs if run.closed_at is None]
    run = next((run for run in still_open if run.pk in begun), (still_open or runs)[0])
    running = {name for name, started_at in begun.get(run.pk, {"running": []})["running"] if started_at > at - STALE_AFTER}
    bounds = Month.parse(run.month)
    steps = _states(month_standing(run, on=on), running, is_over=on >= bounds.last)
    return MonthLine(run.month, bounds.first, bounds.last, run.closed_at, steps)


def _begun(creditor_id: int, runs: list[Run]) -> list[dict[str, Any]]:
    """Return the months in which a step was begun, with the steps that have no result yet and when they began."""
    found: dict[int, dict[str, Any]] = {}
    steps = StepRun.objects.filter(creditor_id=creditor_id, run__in=runs).values_list("run_id", "step", "state", "started_at")
    for run_id, step, state, started_at in steps:
        row = found.setdefault(run_id, {"run_id": run_id, "running": []})
        if state != "checked":
            row["running"].append((step, started_at))
    return list(found.values())


def _states(standing: list[Standing], running: set[str], *, is_over: bool) -> list[StepShown]:
    done, steps, is_free = {step.name for step in standing if step.is_done}, [], True
    for step in standing:
        if step.step_run is not None:
            laws = step.step_run.laws
            held = sum(bool(law["holds"]) for law in laws)
            steps.append(StepShown(step.number, step.name, "done", step.step_run.finished_at, len(laws), held))
            continue
        state = _state(step, done, is_free=is_free, is_running=step.name in running, is_over=is_over)
        is_blocked = state == "blocked"
        steps.append(StepShown(step.number, step.name, state, barrier=step.barrier * is_blocked, values=step.values if is_blocked else {}))
        is_free = is_free and state in {"live", "waiting"}
    return steps


def _state(step: Standing, done: set[str], *, is_free: bool, is_running: bool, is_over: bool) -> str:
    if is_running:
        return "running"
    if step.name in OF_THE_MONTH and not is_over:
        return "live" if step.name in LIVE and "hand_over" in done else "waiting"
    if not is_free:
        return "waiting"
    return "blocked" if step.barrier in BLOCKS else "next"
