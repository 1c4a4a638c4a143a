"""Reading back what a step left in the rooms: for the step itself, for the close of the month, and for its replay."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from duecourse.contact import selectors as contacts
from duecourse.cycle import selectors
from duecourse.cycle.errors import MonthNotReady
from duecourse.cycle.services.frozen import Frames
from duecourse.kit.calendar import day_bounds, local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.parties.access import acting, creditor_of
from duecourse.portfolio import selectors as portfolio
from duecourse.portfolio.models import Tape
from duecourse.repayment import selectors as money
from duecourse.settlement import selectors as settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duecourse.cycle.models import StepRun
    from duecourse.cycle.services.perform import Month, Step

_OF_THE_MONTH = ("contact", "repay", "measure", "settle")


def stored_tape(month: Month, *, tape_id: int) -> Frames:
    """Return the accounts and balances of a tape's accepted rows; they never change."""
    frame = portfolio.tape_frame(creditor_id=month.actor.creditor_id, tape_id=tape_id)
    return Frames(frames={"tape": frame.select(["account_id", "balance_minor", "currency"])}, keys={"tape": ["account_id"]})


def tape_facts(month: Month, *, tape_id: int) -> dict[str, Any]:
    """Return what identifies a tape that was taken in before, as the intake of its file would say it.

    Raises:
        Absent: there is no such tape.
        MonthNotReady: it is of another day.
    """
    tape = _published(month, tape_id)
    if tape.as_of != month.as_of:
        reason = f"the tape is of {tape.as_of.isoformat()}, the step of {month.as_of.isoformat()}"
        raise MonthNotReady(step="intake", month=month.run.month, reason=reason, todo="Name the tape's own day.")
    return {"as_of": month.as_of.isoformat(), "sha256": tape.sha256, "mapping": tape.mapping_name, "control_totals": {}}


def tape_counts(month: Month, *, tape_id: int) -> dict[str, Any]:
    """Return what the intake of a tape counted when it was taken in, with its number."""
    with acting(month.actor):
        tape = _published(month, tape_id)
    return {name: value for name, value in tape.counts.items() if name != "sample"} | {"tape_id": tape.pk}


def _published(month: Month, tape_id: int) -> Tape:
    found = Tape.objects.filter(creditor_id=month.actor.creditor_id, pk=tape_id, feed_kind="overdue", state="published").first()
    if found is None:
        raise Absent(entity="tape")
    return found


def handed_over(month: Month, *, allocation_run_id: int) -> Frames:
    """Return the batches of an allocation with their placements and packages."""
    frame = selectors.handover_frame(creditor_id=month.actor.creditor_id, allocation_run_id=allocation_run_id)
    return Frames(frames={"handed_over": frame}, keys={"handed_over": ["batch_id"]})


def answers(month: Month, *, known_at: datetime) -> Frames:
    """Return the permits and refusals of the month with what came of them, as known at an instant."""
    zone = creditor_of(month.actor).zone
    from_at, until_at = day_bounds(month.first_on, zone)[0], day_bounds(month.last_on, zone)[1]
    frame = contacts.window_frame(creditor_id=month.actor.creditor_id, from_at=from_at, until_at=until_at, known_at=known_at)
    return Frames(frames={"answers": frame}, keys={"answers": ["answer_key"]})


def payments(month: Month, *, known_at: datetime) -> Frames:
    """Return the payments booked in the month, as known at an instant."""
    frame = money.payments_frame(creditor_id=month.actor.creditor_id, first_on=month.first_on, last_on=month.last_on, known_at=known_at)
    return Frames(frames={"payments": frame}, keys={"payments": ["payment_id"]})


def outputs_of(steps: dict[str, StepRun]) -> Frames:
    """Return the hashes of the nine steps before the close."""
    return Frames(parameters={"outputs": {name: steps[name].outputs_hash for name in selectors.STEP_NAMES[:-1] if name in steps}})


def ready_to_close(month: Month, *, steps: Sequence[Step]) -> dict[str, StepRun]:
    """Return the newest executions of the month's steps when nothing stands in the way of its close.

    Raises:
        MonthNotReady: its last day has not come and nobody wants it early, a step was not run, something came in since a step of the
            month was run, or a statement is not frozen.
    """
    _refuse_early(month)
    latest, of_month = selectors.latest_steps(month.run), month.run.month
    missing = [name for name in selectors.STEP_NAMES[:-1] if name not in latest]
    stale = [] if missing or month.run.closed_at else [step.name for step in steps if _is_stale(step, month=month, latest=latest)]
    for reason, names in (("not done", missing), ("something came in since", stale)):
        if names:
            todo = f"Run it: duecourse cycle step {names[0]} {of_month}"
            raise MonthNotReady(step="close", month=of_month, reason=f"{reason}: {', '.join(names)}", todo=todo)
    unfrozen = settled.unfrozen(creditor_id=month.actor.creditor_id, month=of_month)
    if unfrozen:
        todo = f"Have them agreed, approved and frozen: duecourse statement list {of_month}"
        raise MonthNotReady(step="close", month=of_month, reason=f"{len(unfrozen)} statements are not frozen", todo=todo)
    return latest


def _refuse_early(month: Month) -> None:
    is_over = local_day(now(), creditor_of(month.actor).zone) >= month.last_on
    if not is_over and not month.run.closed_at and not month.options.get("is_early"):
        todo = f"Wait for that day, or close it early on purpose: duecourse cycle run {month.run.month} --until close --early"
        raise MonthNotReady(step="close", month=month.run.month, reason=f"the month lasts until {month.last_on.isoformat()}", todo=todo)


def _is_stale(step: Step, *, month: Month, latest: dict[str, StepRun]) -> bool:
    """Say whether a step that sums the month up would find other inputs now."""
    return step.name in _OF_THE_MONTH and step.prepare(month).hash() != latest[step.name].inputs_hash
