"""Running one step: prepare, apply, check, once for the same inputs.

A step that only computes runs in one transaction: either its rows, its StepRun and the proof of its laws are there, or none of
it. A step around a service that commits by itself (intake, hand over) calls it in `stage`; the same command calls it again, and the
service takes up what is missing and does nothing twice. The month's run is locked first, so that two people who press a button at
once are served one after the other.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from duecourse.cycle.errors import LawBroken, RunClosed
from duecourse.cycle.models import Run, StepRun
from duecourse.cycle.selectors import latest_step
from duecourse.cycle.services.frozen import Frames, freeze
from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append, file_put
from duecourse.parties.access import Actor, acting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date


@dataclass(frozen=True, slots=True)
class Law:
    """One conservation law with both of its sides, as integers or texts; it holds when they are equal."""

    name: str
    left: int | str
    right: int | str

    @property
    def holds(self) -> bool:
        """Say whether both sides are equal."""
        return self.left == self.right

    def record(self) -> dict[str, Any]:
        """Return the law as stored with its step."""
        return {"name": self.name, "left": self.left, "right": self.right, "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Month:
    """What every step of a month is given.

    Attributes:
        actor: who runs it.
        run: the month's run.
        as_of: the business date of the batch steps.
        first_on, last_on: the month's days, both included.
        options: what the caller chose for single steps (the tape's path, for example).
        progress: called with (done, total, text) or None.
    """

    actor: Actor
    run: Run
    as_of: date
    first_on: date
    last_on: date
    options: dict[str, Any] = field(default_factory=dict)
    progress: Callable[[int, int, str], None] | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What a step wrote: its outputs (hashed for the replay) and counts for the report."""

    outputs: Frames
    counts: dict[str, Any]


class Step(Protocol):
    """One of the ten.

    `is_atomic` steps run in one transaction; the others have `stage(month, inputs) -> counts`, whose service commits by itself and can be
    repeated. A step that is not computed from its inputs alone has `read_back(month, step_run=…) -> Frames` for the replay.
    """

    name: str
    is_atomic: bool

    def period(self, month: Month) -> str:
        """Return the period in the step's key."""

    def prepare(self, month: Month) -> Frames:
        """Read all inputs; nothing is written."""

    def apply(self, month: Month, inputs: Frames, step_run: StepRun) -> Applied:
        """Compute and write through the rooms' services."""

    def check(self, month: Month, inputs: Frames, applied: Applied) -> list[Law]:
        """Return the step's conservation laws, read back from what is stored."""


def perform(step: Step, *, month: Month) -> StepRun:
    """Run one step of a month, or return what it did before with the same inputs.

    Raises:
        LawBroken: a conservation law does not hold; nothing of an atomic step is kept.
        RunClosed: the month is closed, and the step was not run with these inputs before.
    """
    with acting(month.actor) if step.is_atomic else nullcontext():
        with acting(month.actor):
            month = replace(month, run=_locked(month.run))
            inputs = step.prepare(month)
            step_run = _claim(step, month=month, inputs=inputs)
            if step_run.state == "checked":
                return _newest(step_run, month=month)
            _refuse_closed(month.run)
        if not step.is_atomic:
            _stage(step, month=month, inputs=inputs, step_run=step_run)
        with acting(month.actor):
            if not step.is_atomic:
                _refuse_closed(_locked(month.run))
                step_run.refresh_from_db()
            return step_run if step_run.state == "checked" else _finish(step, month=month, inputs=inputs, step_run=step_run)


def resume(step: Step, *, month: Month) -> StepRun:
    """Bring a step up to date: a step of the day is passed over once it was run, a step of the month is run with what is known now.

    Raises:
        LawBroken, RunClosed: as `perform` does.
    """
    if step.period(month) != month.run.month:
        with acting(month.actor):
            found = latest_step(month.run, step=step.name, period=step.period(month))
        if found is not None:
            return found
    return perform(step, month=month)


def _locked(run: Run) -> Run:
    """Return the run as it is now, locked until the transaction ends."""
    return Run.objects.select_for_update(no_key=True).get(pk=run.pk)


def _refuse_closed(run: Run) -> None:
    if run.closed_at is not None:
        raise RunClosed(month=run.month)


def _newest(step_run: StepRun, *, month: Month) -> StepRun:
    """Return the execution; where inputs went back to what they were, it counts again instead of the one in between."""
    latest = latest_step(month.run, step=step_run.step, period=step_run.period)
    if latest != step_run:
        _refuse_closed(month.run)
        step_run.finished_at = now()
        step_run.save(update_fields=["finished_at"])
        _note(step_run, month=month)
    return step_run


def _claim(step: Step, *, month: Month, inputs: Frames) -> StepRun:
    """Return the StepRun of these inputs, made when it is not there."""
    key = {
        "creditor_id": month.actor.creditor_id,
        "step": step.name,
        "period": step.period(month),
        "inputs_hash": inputs.hash(),
    }
    StepRun.objects.bulk_create([StepRun(**key, run=month.run, started_at=now())], ignore_conflicts=True)
    return StepRun.objects.get(**key)


def _stage(step: Any, *, month: Month, inputs: Frames, step_run: StepRun) -> None:
    counts = step.stage(month, inputs)
    with acting(month.actor):
        StepRun.objects.filter(pk=step_run.pk).exclude(state="checked").update(state="applied", counts=counts)


def _finish(step: Step, *, month: Month, inputs: Frames, step_run: StepRun) -> StepRun:
    applied = step.apply(month, inputs, step_run)
    laws = step.check(month, inputs, applied)
    broken = [law for law in laws if not law.holds]
    if broken:
        text = "; ".join(f"{law.name}: {law.left} ≠ {law.right}" for law in broken)
        raise LawBroken(step=step.name, month=month.run.month, laws=text)
    stored = file_put(
        creditor_id=month.actor.creditor_id,
        kind="step_inputs",
        name=f"{month.run.month}-{step.name}.zip",
        media_type="application/zip",
        content=freeze(inputs),
        is_personal=False,
    )
    step_run.inputs_file_id = stored.id
    step_run.outputs_hash = applied.outputs.hash()
    step_run.counts = applied.counts
    step_run.laws = [law.record() for law in laws]
    step_run.state = "checked"
    step_run.finished_at = now()
    step_run.save()
    _note(step_run, month=month)
    return step_run


def _note(step_run: StepRun, *, month: Month) -> None:
    audit_append(
        creditor_id=month.actor.creditor_id,
        action="step_checked",
        subject_kind="step_run",
        subject_id=step_run.pk,
        details={
            "step": step_run.step,
            "month": month.run.month,
            "period": step_run.period,
            "inputs_hash": step_run.inputs_hash,
            "outputs_hash": step_run.outputs_hash,
        },
    )
