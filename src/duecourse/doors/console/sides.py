"""On whose side a login works: one of the memberships of its user, kept in the session."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from duecourse.parties.access import Actor, acting
from duecourse.parties.models import Agency, Creditor

SESSION_KEY = "side"


@dataclass(frozen=True, slots=True)
class Side:
    """A side that a user can choose.

    Attributes:
        key: creditor and agency as one text, for forms and the session.
        name: the creditor or the agency.
        creditor_name: for whom an agency works, '' on the creditor's own side.
        roles: codes of the roles there.
    """

    key: str
    name: str
    creditor_name: str
    roles: tuple[str, ...]


def key_of(actor: Actor) -> str:
    """Return creditor and agency of an actor as one text."""
    return f"{actor.creditor_id}:{actor.agency_id or ''}"


def chosen(request: HttpRequest, actors: list[Actor]) -> Actor | None:
    """Return the actor the session has chosen, the only one there is, or None while a choice is needed.

    A choice whose membership has ended counts no more.
    """
    wanted = request.session.get(SESSION_KEY)
    for actor in actors:
        if key_of(actor) == wanted:
            return actor
    return actors[0] if len(actors) == 1 else None


def side_of(actor: Actor) -> Side:
    """Return how a side is shown."""
    with acting(actor):
        creditor = Creditor.objects.get(pk=actor.creditor_id)
        agency = Agency.objects.get(creditor_id=actor.creditor_id, pk=actor.agency_id) if actor.is_agency else None
    roles = tuple(sorted(actor.roles))
    return Side(key_of(actor), agency.name if agency else creditor.name, creditor.name if agency else "", roles)
