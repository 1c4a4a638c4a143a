"""Computing a closed month again and comparing its hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from duecourse.cycle import selectors
from duecourse.cycle.errors import ReplayDiffers
from duecourse.cycle.services.compute import COMPUTE
from duecourse.cycle.services.frozen import thaw
from duecourse.cycle.services.runs import draw_secret
from duecourse.ledger.errors import FileDamaged, FileDestroyed, FileMissing
from duecourse.ledger.selectors import audit_verify, event_details, file_read
from duecourse.parties.access import acting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from duecourse.cycle.models import StepRun
    from duecourse.cycle.services.perform import Month, Step


@dataclass(frozen=True, slots=True)
class Replayed:
    """One step computed again: 'computed' from its frozen inputs, or 'read_back' from what is stored."""

    step: str
    how: str
    stored_hash: str
    replayed_hash: str

    @property
    def is_same(self) -> bool:
        """Say whether both hashes are equal."""
        return self.stored_hash == self.replayed_hash


def replay(*, month: Month, steps: Sequence[Step], progress: Callable[[int, int, str], None] | None = None) -> list[Replayed]:
    """Compute every step of a month again, and compare.

    Raises:
        ReplayDiffers: a step gives another hash, or the trail no longer holds the head that was kept when the month was closed.
    """
    results = []
    with acting(month.actor):
        latest = selectors.latest_steps(month.run)
        for number, step in enumerate(steps):
            if step.name in latest:
                results.append(_again(step, month=month, step_run=latest[step.name]))
            if progress:
                progress(number + 1, len(steps), step.name)
        differing = [result.step for result in results if not result.is_same]
        if month.run.audit_position is not None:
            head = (month.run.audit_position, month.run.audit_hash)
            if audit_verify(creditor_id=month.actor.creditor_id, expected_head=head).first_bad is not None:
                differing.append("audit")
    if differing:
        raise ReplayDiffers(month=month.run.month, steps=", ".join(differing))
    return results


def _again(step: Step, *, month: Month, step_run: StepRun) -> Replayed:
    stored = step_run.outputs_hash
    if not _is_told(month.actor.creditor_id, step_run=step_run):
        return Replayed(step.name, "computed", stored, "the trail tells otherwise")
    try:
        inputs = thaw(file_read(creditor_id=month.actor.creditor_id, file_id=step_run.inputs_file_id))
    except (FileDamaged, FileDestroyed, FileMissing):
        return Replayed(step.name, "computed", stored, "inputs lost")
    if inputs.hash() != step_run.inputs_hash:
        return Replayed(step.name, "computed", stored, "inputs differ")
    if step.name in COMPUTE:
        return Replayed(step.name, "computed", stored, COMPUTE[step.name](inputs, draw_secret(month.run)).hash())
    return Replayed(step.name, "read_back", stored, step.read_back(month, step_run=step_run).hash())


def _is_told(creditor_id: int, *, step_run: StepRun) -> bool:
    """Say whether the trail tells of the step with the hashes that are stored."""
    told = event_details(creditor_id=creditor_id, subject_kind="step_run", subject_id=step_run.pk, action="step_checked")
    hashes = {"inputs_hash": step_run.inputs_hash, "outputs_hash": step_run.outputs_hash}
    return bool(told) and hashes.items() <= told[-1].items()
