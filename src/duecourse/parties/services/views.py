"""Views of listings that users keep: their own, and those they share with their side."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Forbidden
from duecourse.parties.access import Actor, acting
from duecourse.parties.errors import ViewRefused
from duecourse.parties.models import SavedView

LABEL_MAX = 60
QUERY_MAX = 2_000
VIEWS_MAX = 50


def view_save(*, actor: Actor, listing: str, label: str, query: str, columns: Sequence[str] = (), is_shared: bool = False) -> SavedView:
    """Keep a view of a listing under a label; the same label of the same user is written over.

    Args:
        actor: a person.
        listing: the listing's name.
        label: what the user calls it.
        query: filters and order as an address's query string.
        columns: keys of the columns, none for the listing's own.
        is_shared: colleagues of the same side see it too.

    Raises:
        Forbidden: the actor is no person.
        ViewRefused: the label is blank or too long, the query is too long, or there are too many views already.
    """
    label = " ".join(label.split())
    reasons = [
        reason
        for is_wrong, reason in (
            (not label, "it has no name"),
            (len(label) > LABEL_MAX, f"its name is longer than {LABEL_MAX} characters"),
            (len(query) > QUERY_MAX, "its filters are too long"),
        )
        if is_wrong
    ]
    if reasons:
        raise ViewRefused(reasons="; ".join(reasons))
    return _written(actor, listing=listing, label=label, query=query, columns=columns, is_shared=is_shared)


def columns_remember(*, actor: Actor, listing: str, columns: Sequence[str]) -> None:
    """Remember which columns of a listing a user chose last; none brings back the listing's own.

    Raises:
        Forbidden: the actor is no person.
    """
    _written(actor, listing=listing, label="", query="", columns=columns, is_shared=False)


def view_rename(*, actor: Actor, view_id: int, label: str, is_shared: bool) -> None:
    """Give one's own view another label, share it, or take it back.

    Raises:
        Absent: there is no such view of this user.
        ViewRefused: the label is blank, too long, or in use.
    """
    label = " ".join(label.split())
    if not label or len(label) > LABEL_MAX:
        raise ViewRefused(reasons=f"its name has between 1 and {LABEL_MAX} characters")
    view = _own(actor, view_id)
    with acting(_writer(actor)):
        try:
            with transaction.atomic():
                SavedView.objects.filter(pk=view.pk).update(label=label, is_shared=is_shared, changed_at=now())
        except IntegrityError as error:
            raise ViewRefused(reasons="another view has this name") from error


def view_delete(*, actor: Actor, view_id: int) -> None:
    """Delete one's own view.

    Raises:
        Absent: there is no such view of this user.
    """
    view = _own(actor, view_id)
    with acting(_writer(actor)):
        SavedView.objects.filter(pk=view.pk).delete()


def _written(actor: Actor, *, listing: str, label: str, query: str, columns: Sequence[str], is_shared: bool) -> SavedView:
    if actor.user_id <= 0:
        raise Forbidden(action="keep a view without a person", role="a person")
    key = {"creditor_id": actor.creditor_id, "user_id": actor.user_id, "listing": listing, "label": label}
    terms = {
        "agency_id": actor.agency_id,
        "query": query,
        "columns": list(columns),
        "is_shared": is_shared,
        "changed_at": now(),
    }
    with acting(_writer(actor)):
        mine = SavedView.objects.filter(creditor_id=actor.creditor_id, user_id=actor.user_id, listing=listing)
        if label and mine.exclude(label__in=["", label]).count() >= VIEWS_MAX:
            raise ViewRefused(reasons=f"there are {VIEWS_MAX} already")
        view, _ = SavedView.objects.update_or_create(**key, defaults=terms)
    return view


def _own(actor: Actor, view_id: int) -> SavedView:
    with acting(actor):
        found = SavedView.objects.filter(creditor_id=actor.creditor_id, user_id=actor.user_id, agency_id=actor.agency_id, pk=view_id)
        view = found.exclude(label="").first()
    if view is None:
        raise Absent(entity="view")
    return view


def _writer(actor: Actor) -> Actor:
    """Return who writes for an actor: an agency's role writes nothing, so its people's own views are written for them."""
    return Actor(user_id=actor.user_id, creditor_id=actor.creditor_id, agency_id=None, roles=frozenset())
