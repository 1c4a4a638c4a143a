"""Opening and closing a month."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings

from duecourse.cycle.errors import RunClosed, RunMissing
from duecourse.cycle.models import Run
from duecourse.engine.allocation import commit
from duecourse.kit.calendar import Month, MonthUnreadable
from duecourse.kit.clock import now
from duecourse.kit.ids import content_hash
from duecourse.ledger.selectors import audit_verify
from duecourse.ledger.services import audit_append, seal_pending
from duecourse.parties.access import acting, require
from duecourse.parties.models import Role

if TYPE_CHECKING:
    from duecourse.parties.access import Actor

YEARS_KNOWN = range(1990, 2100)
"""A month of another year is a typing error, and one that was opened cannot be taken back."""


def run_open(*, actor: Actor, month: str) -> Run:
    """Open a month, or return the one that is open: draws the secret of its random slice and publishes the commitment to it.

    Raises:
        MonthUnreadable: it is not a month, or one of another age.
        RunClosed: the month was closed.
        Forbidden: the actor is no manager.
    """
    if Month.parse(month).year not in YEARS_KNOWN:
        raise MonthUnreadable
    require(actor, Role.MANAGER, action="open a month")
    with acting(actor):
        run = Run.objects.filter(creditor_id=actor.creditor_id, month=month).first()
        if run is not None:
            _refuse_closed(run)
            return run
        secret = secrets.token_bytes(32)
        run = Run.objects.create(
            creditor_id=actor.creditor_id,
            month=month,
            commitment=commit(secret),
            secret_sealed=settings.DUECOURSE_KEYRING.wrap(secret, aad=_aad(actor.creditor_id, month)),
            opened_at=now(),
        )
        audit_append(
            creditor_id=actor.creditor_id,
            action="run_opened",
            subject_kind="run",
            subject_id=run.pk,
            details={"month": month, "commitment": run.commitment},
        )
        return run


def run_of(*, actor: Actor, month: str, is_open: bool = True) -> Run:
    """Return a month's run, inside `acting`.

    Raises:
        RunMissing: it was never opened.
        RunClosed: it is closed and `is_open` was asked for.
    """
    run = Run.objects.filter(creditor_id=actor.creditor_id, month=month).first()
    if run is None:
        raise RunMissing(month=month)
    if is_open:
        _refuse_closed(run)
    return run


def draw_secret(run: Run) -> bytes:
    """Return the secret of the run's random slice; only the allocation step and the replay ask for it."""
    return settings.DUECOURSE_KEYRING.unwrap(bytes(run.secret_sealed), aad=_aad(run.creditor_id, run.month))


def run_close(*, actor: Actor, run: Run, outputs: dict[str, str]) -> Run:
    """Close a month for ever: seals the trail and keeps its head, so that a cut-off tail would show. Call inside `acting`."""
    audit_append(
        creditor_id=actor.creditor_id,
        action="run_closed",
        subject_kind="run",
        subject_id=run.pk,
        details={"month": run.month, "outputs_hash": content_hash(outputs), "secret": draw_secret(run).hex()},
    )
    while seal_pending(creditor_id=actor.creditor_id):
        pass
    head = audit_verify(creditor_id=actor.creditor_id)
    Run.objects.filter(pk=run.pk, closed_at__isnull=True).update(
        closed_at=now(), audit_position=head.head_position, audit_hash=head.head_hash
    )
    run.refresh_from_db()
    return run


def _refuse_closed(run: Run) -> None:
    if run.closed_at is not None:
        raise RunClosed(month=run.month)


def _aad(creditor_id: int, month: str) -> bytes:
    return f"run|{creditor_id}|{month}".encode()
