"""Computing an allocation: as a draft that is only looked at, and as the proposal of the month's step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from duecourse.cycle.errors import RunClosed
from duecourse.cycle.services.compute import allocated
from duecourse.cycle.services.inputs import allocation_inputs
from duecourse.cycle.services.runs import draw_secret
from duecourse.parties.access import acting, require
from duecourse.parties.models import Role
from duecourse.placement import services as placing

if TYPE_CHECKING:
    from duecourse.cycle.services.frozen import Frames
    from duecourse.cycle.services.perform import Month
    from duecourse.engine.allocation import Allocation


def allocation_draft(*, month: Month) -> int:
    """Compute an allocation with what `month.options["allocation"]` chooses and keep it as a draft; nothing is proposed, nothing moves.

    The same inputs give the same draft, and the allocation of the month's step with the same choices is this draft, proposed.

    Raises:
        RunClosed: the month is closed.
        MonthNotReady: the snapshot or the score is missing.
        ChoicesWrong: the choices cannot be.
        Forbidden: the actor is neither manager nor analyst.
    """
    require(month.actor, Role.MANAGER, Role.ANALYST, action="draft an allocation")
    if month.run.closed_at is not None:
        raise RunClosed(month=month.run.month)
    with acting(month.actor):
        inputs = allocation_inputs(month)
        return allocation_record(month, inputs=inputs, inputs_hash=inputs.hash(), is_draft=True)[0]


def allocation_record(month: Month, *, inputs: Frames, inputs_hash: str, is_draft: bool) -> tuple[int, Allocation]:
    """Allocate the frozen inputs, record what came out, and return its number and itself; inside `acting`."""
    allocation = allocated(inputs, secret=draw_secret(month.run))
    chosen = inputs.parameters.get("choices")
    number = placing.allocation_propose(
        actor=month.actor,
        run_id=month.run.pk,
        as_of=month.as_of,
        inputs_hash=inputs_hash,
        policy=inputs.parameters["policy"] | ({"choices": chosen} if chosen else {}),
        commitment=month.run.commitment,
        allocation=allocation,
        cases=inputs.frames["cases"],
        is_draft=is_draft,
    )
    return number, allocation
