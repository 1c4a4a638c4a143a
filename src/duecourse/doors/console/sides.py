"""On whose side a login works: one of the memberships of its user, kept in the session."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, acting, actors_of
from duecourse.parties.errors import MembershipMissing
from duecourse.parties.models import Agency, Creditor, User

SESSION_KEY = "side"
_FIRST_ZONE, _LAST_ZONE = "Etc/GMT-14", "Etc/GMT+12"


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


def actors_today(user: User) -> list[Actor]:
    """Return the actors a user can be at this instant, each by the day of its own creditor's zone.

    Raises:
        MembershipMissing: there is none.
    """
    instant = now()
    found: dict[str, Actor] = {}
    for day in sorted({local_day(instant, _FIRST_ZONE), local_day(instant, "UTC"), local_day(instant, _LAST_ZONE)}):
        try:
            actors = actors_of(user, on=day)
        except MembershipMissing:
            continue
        zones = dict(Creditor.objects.filter(pk__in={actor.creditor_id for actor in actors}).values_list("pk", "zone"))
        found |= {key_of(actor): actor for actor in actors if local_day(instant, zones[actor.creditor_id]) == day}
    if not found:
        raise MembershipMissing
    return list(found.values())


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
