"""Writing holds and pauses: why a person is left alone, and why an account's clock stands still."""

from __future__ import annotations

from datetime import date

from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting
from duecourse.portfolio.errors import HoldConflict, SpanEmpty
from duecourse.portfolio.models import Hold, Pause
from duecourse.portfolio.selectors.access import access_account, access_person
from duecourse.portfolio.services.cases import writer


def hold_place(
    *,
    actor: Actor,
    person_id: int,
    kind: str,
    stops_contact: bool,
    stops_placement: bool,
    source_kind: str,
    source_id: int,
    from_on: date,
    until_on: date | None = None,
) -> int:
    """Place a hold on a person and return its id; the same source and kind again returns the same one.

    Args:
        actor: who causes it; an agency's people may, for persons they see.
        person_id: whom it protects.
        kind: dispute, deceased, bankrupt, stop_list, complaint, paid_already …
        stops_contact: no permit is given while it lasts.
        stops_placement: the person's cases are not placed while it lasts.
        source_kind: kind of the row that knows why.
        source_id: that row's id.
        from_on: first day.
        until_on: the day after the last, None for open.

    Raises:
        PersonMissing: there is no such person for this actor.
        SpanEmpty: it ends before it begins.
        HoldConflict: the source placed it already, with another content.
    """
    _check_span(from_on, until_on)
    with acting(actor):
        access_person(actor, person_id)
    source = {"creditor_id": actor.creditor_id, "source_kind": source_kind, "source_id": source_id, "kind": kind}
    content = {"person_id": person_id, "stops_contact": stops_contact, "stops_placement": stops_placement, "from_on": from_on}
    with acting(writer(actor)):
        hold, is_new = Hold.objects.get_or_create(**source, defaults=content | {"until_on": until_on, "known_at": now()})
        if not is_new:
            if any(getattr(hold, name) != value for name, value in content.items()):
                raise HoldConflict(source_kind=source_kind, source_id=source_id, kind=kind)
            return hold.pk
        audit_append(
            creditor_id=actor.creditor_id,
            action="hold_placed",
            subject_kind="person",
            subject_id=person_id,
            details={"hold_id": hold.pk, "kind": kind, "from_on": from_on, "until_on": until_on, "caused_by": actor.user_id},
        )
        return hold.pk


def hold_lift(*, actor: Actor, source_kind: str, source_id: int, on: date) -> int:
    """End the open holds of a source from a day on and return how many; a hold never ends before it began."""
    with acting(writer(actor)):
        found = list(
            Hold.objects.select_for_update(no_key=True).filter(
                creditor_id=actor.creditor_id, source_kind=source_kind, source_id=source_id, until_on__isnull=True
            )
        )
        for hold in found:
            hold.until_on = max(on, hold.from_on)
            hold.save(update_fields=["until_on"])
            audit_append(
                creditor_id=actor.creditor_id,
                action="hold_lifted",
                subject_kind="person",
                subject_id=hold.person_id,
                details={"hold_id": hold.pk, "kind": hold.kind, "until_on": hold.until_on, "caused_by": actor.user_id},
            )
        return len(found)


def pause_add(
    *, actor: Actor, account_id: int, kind: str, source_kind: str, source_id: int, from_on: date, until_on: date | None = None
) -> int:
    """Add a span in which an account's clock stands still, also backdated, and return its id; a repeat returns the same one.

    Raises:
        AccountMissing: there is no such account for this actor.
        SpanEmpty: it ends before it begins.
    """
    _check_span(from_on, until_on)
    with acting(actor):
        access_account(actor, account_id)
    with acting(writer(actor)):
        content = {"account_id": account_id, "kind": kind, "from_on": from_on, "until_on": until_on}
        pause, is_new = Pause.objects.get_or_create(
            creditor_id=actor.creditor_id, source_kind=source_kind, source_id=source_id, **content, defaults={"known_at": now()}
        )
        if is_new:
            audit_append(
                creditor_id=actor.creditor_id,
                action="pause_added",
                subject_kind="account",
                subject_id=account_id,
                details={"pause_id": pause.pk, "kind": kind, "from_on": from_on, "until_on": until_on, "caused_by": actor.user_id},
            )
        return pause.pk


def _check_span(from_on: date, until_on: date | None) -> None:
    if until_on is not None and until_on <= from_on:
        raise SpanEmpty(from_on=from_on.isoformat(), until_on=until_on.isoformat())
