"""Asking for a permit without being given one: the same decision, of which nothing is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import transaction

from duecourse.contact.services.permits import Answer, permit_request
from duecourse.parties.access import Actor, acting


def permit_try(*, actor: Actor, **request: Any) -> Answer:
    """Say what `permit_request` would answer, and keep nothing of it: no permit, no refusal, no event, no slot.

    Args:
        actor: as for `permit_request`.
        request: the other arguments of `permit_request`.

    Returns:
        The answer with the number 0.

    Raises:
        DuecourseError: whatever `permit_request` raises.

    Guarantees: it is decided by the same code under the same locks, which end with it; what is permitted here may be refused a
        moment later.
    """
    with acting(actor):
        answer = permit_request(actor=actor, **request)
        transaction.set_rollback(True)
    return replace(answer, id=0)
