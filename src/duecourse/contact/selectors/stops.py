"""Emergency stops, for the creditor's side."""

from __future__ import annotations

from typing import Any, Final

from duecourse.contact.models import ContactStop
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import PageQuery
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor

_NAMES = """
s.id, s.id AS stop_id, s.scope, s.reason_code, s.note, s.channel, s.agency_id, coalesce(g.name, '') AS agency, s.user_id,
coalesce(u.display_name, '') AS collector, s.person_id, s.from_at, s.stopped_by, coalesce(b.display_name, '') AS stopped_by_name, s.lifted_at,
s.lifted_by, coalesce(f.display_name, '') AS lifted_by_name, CASE WHEN s.lifted_at IS NULL THEN 'open' ELSE 'lifted' END AS state
"""
_SOURCE = """
FROM contact_contactstop s
LEFT JOIN parties_agency g ON g.creditor_id = s.creditor_id AND g.id = s.agency_id
LEFT JOIN parties_user u ON u.id = s.user_id
LEFT JOIN parties_user b ON b.id = s.stopped_by
LEFT JOIN parties_user f ON f.id = s.lifted_by
"""
STOPS_PAGE: Final = PageQuery(
    select=_NAMES,
    source=_SOURCE,
    always="s.creditor_id = %(creditor_id)s",
    wheres={
        "state": "(s.lifted_at IS NULL) = (%(state)s = 'open')",
        "scope": "s.scope = %(scope)s",
        "reason": "s.reason_code = %(reason)s",
        "agency": "s.agency_id = %(agency)s::bigint",
        "person": "s.person_id = %(person)s::bigint",
    },
    orders={"from": "s.from_at"},
    key="s.id",
)
"""All stops, newest first with `-from`; columns scope, reason_code, note, agency, collector, channel, person_id, who and when, state."""

_LIFTS = """
SELECT l.id AS lift_id, l.stop_id, l.asked_by, coalesce(u.display_name, '') AS asked_by_name, l.asked_at, l.reason, l.content_hash,
    CASE WHEN p.id IS NULL THEN 'waiting' WHEN p.is_granted THEN 'granted' ELSE 'refused' END AS state, p.reason AS decision_reason, p.at
FROM contact_contactstoplift l LEFT JOIN parties_user u ON u.id = l.asked_by
LEFT JOIN parties_approval p ON p.creditor_id = l.creditor_id AND p.subject_kind = 'contact_stop_lift' AND p.subject_id = l.id
WHERE l.creditor_id = %(creditor)s AND (%(stop)s::bigint IS NULL OR l.stop_id = %(stop)s)
    AND (%(lift)s::bigint IS NULL OR l.id = %(lift)s) ORDER BY l.id
"""


def stops_open(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the stops that stand, the newest first, as rows of `STOPS_PAGE`; an agency sees none.

    Raises:
        Absent: the actor is on an agency's side.
    """
    _refuse_agency(actor)
    query = f"SELECT {_NAMES} {_SOURCE} WHERE s.creditor_id = %(creditor)s AND s.lifted_at IS NULL ORDER BY s.id DESC"
    return dicts(query, creditor=actor.creditor_id)


def stop_page(*, actor: Actor, stop_id: int) -> dict[str, Any]:
    """Return one stop as a row of `STOPS_PAGE`, with `lifts`: the requests to lift it, oldest first, each with its state.

    Raises:
        Absent: there is none for this actor.
    """
    _refuse_agency(actor)
    found = dicts(
        f"SELECT {_NAMES} {_SOURCE} WHERE s.creditor_id = %(creditor)s AND s.id = %(stop)s", creditor=actor.creditor_id, stop=stop_id
    )
    if not found:
        raise Absent(entity="contact stop")
    return found[0] | {"lifts": dicts(_LIFTS, creditor=actor.creditor_id, stop=stop_id, lift=None)}


def lifts_waiting(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the requests to lift a stop that nobody decided on and whose stop stands: lift_id, stop_id, content_hash and more.

    Raises:
        Absent: the actor is on an agency's side.
    """
    _refuse_agency(actor)
    standing = set(ContactStop.objects.filter(creditor_id=actor.creditor_id, lifted_at__isnull=True).values_list("pk", flat=True))
    rows = dicts(_LIFTS, creditor=actor.creditor_id, stop=None, lift=None)
    return [row for row in rows if row["state"] == "waiting" and row["stop_id"] in standing]


def _refuse_agency(actor: Actor) -> None:
    if actor.is_agency:
        raise Absent(entity="contact stop")
