"""The facts of pack us that the platform's records tell: whom a number reaches, what the debtor refused, and what is disputed.

The pack's other facts of records are not kept here; `docs/packs.md` lists each with what a decision takes for it.

Source: 12 CFR 1006.6, 1006.10, 1006.14, 1006.38.
"""

from __future__ import annotations

from collections.abc import Collection

from duecourse.contact.services.known import Known, Request
from duecourse.rules.form import CHANNELS
from duecourse.rules.vocabulary import Counted

CONSUMERS = frozenset({"self", "co_borrower", "guarantor", "spouse", "parent_of_minor", "guardian", "executor", "successor"})
"""Whose numbers and addresses reach the consumer in the sense of 1006.6(a)."""
PROFESSIONALS = frozenset({"attorney", "creditor", "creditor_attorney", "collector_attorney", "reporting_agency"})
"""Whose reach one of those with whom the debt may be discussed, 1006.6(d)(1)."""
WORKPLACES = frozenset({"work", "employer"})
"""Whose reach the consumer at work."""
OF_PLACES = ("call", "letter", "visit")
"""Channels that may belong to a place (comment 6(b)(1)(ii)-1)."""
MASSACHUSETTS = "America/New_York"
"""The zone of the whole of Massachusetts."""
AGAINST_ITSELF = (
    *("is_represented", "is_cease_received", "is_medium_refused", "is_time_inconvenient", "is_place_inconvenient", "is_at_workplace"),
    *("is_employer_forbidding", "is_dispute_open", "is_origin_request_open", "is_statement_against", "is_conduct_abusive"),
    "is_addressee_third_party",
)
"""Facts that only tighten: whoever asks may state them beside what the records tell, and never away."""

Wishes = Collection[tuple[str, str, int | None]]


def of_records(known: Known, *, request: Request, holds: Collection[str], wishes: Wishes) -> dict[str, bool | int]:
    """Return the facts of pack us that the records tell.

    Args:
        known: what the gate told.
        request: what is asked for.
        holds: kinds of the debtor's holds of the day.
        wishes: the debtor's wishes of the day, as (kind, channel, contact point).

    Returns:
        Values by fact. What is stated in `AGAINST_ITSELF` counts beside them.
    """
    whose = "self" if known.point is None else known.point.whose
    found: dict[str, bool | int] = _reached(whose) | _refused(request, wishes=wishes)
    is_at_work = whose in WORKPLACES
    is_ceased = "cease_request" in holds or all(("channel_declined", channel, None) in wishes for channel in CHANNELS)
    is_disputed = "dispute" in holds
    found |= {
        "is_at_workplace": is_at_work,
        "is_employer_forbidding": is_at_work and ("place_declined", "", request.contact_point_id) in wishes,
        "is_represented": "represented" in holds,
        "is_cease_received": is_ceased,
        "is_dispute_open": is_disputed,
        "is_statement_against": is_ceased or is_disputed or ("channel_declined", "call", None) in wishes,
        "location_contacts_count": sum(
            contact.counts_as(Counted.held) for contact in known.contacts if contact.contact_point_id == request.contact_point_id
        )
        if request.contact_point_id is not None
        else 0,
    }
    if known.zone:
        found["is_in_massachusetts"] = MASSACHUSETTS in known.zone.split("|")
    said = dict(request.stated)
    return found | {name: 1 for name in AGAINST_ITSELF if said.get(name)}


def _reached(whose: str) -> dict[str, bool | int]:
    """Return who is reached; nobody can state otherwise."""
    is_consumer, is_professional = whose in CONSUMERS | WORKPLACES, whose in PROFESSIONALS
    return {
        "is_addressee_consumer": is_consumer,
        "is_addressee_excluded": is_professional,
        "is_addressee_third_party": not is_consumer and not is_professional,
    }


def _refused(request: Request, *, wishes: Wishes) -> dict[str, bool | int]:
    """Return what the debtor refused; a request that names no number or address is refused for each of them."""
    named = request.contact_point_id
    channels = [point for kind, channel, point in wishes if kind == "channel_declined" and channel == request.channel]
    places = [point for kind, _, point in wishes if kind == "place_declined"]
    is_place = named in places if named is not None else bool(places) and request.channel in OF_PLACES
    return {
        "is_medium_refused": None in channels or named in channels or (named is None and bool(channels)),
        "is_place_inconvenient": is_place,
    }
