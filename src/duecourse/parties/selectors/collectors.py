"""Reading what shows that each of an agency's people may collect."""

from __future__ import annotations

from datetime import date
from typing import Any

from duecourse.kit.errors import Absent
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.parties.models import CollectorQualification

ENDS_SOON_DAYS = 30
_SHOWN = """
SELECT q.id AS qualification_id, q.agency_id, g.name AS agency, q.user_id, u.display_name, q.kind, q.document_ref, q.valid_from_on,
    q.valid_until_on, q.is_said_by_agency, q.content_hash, q.added_by, q.known_at,
    CASE WHEN q.withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN q.is_confirmed IS NULL THEN 'waiting' WHEN NOT q.is_confirmed THEN 'refused'
        WHEN q.valid_until_on <= %(on)s::date THEN 'lapsed' WHEN q.valid_from_on > %(on)s::date THEN 'later'
        WHEN q.valid_until_on <= %(on)s::date + %(soon)s THEN 'soon' ELSE 'valid' END AS state
FROM parties_collectorqualification q
JOIN parties_agency g ON g.creditor_id = q.creditor_id AND g.id = q.agency_id
JOIN parties_user u ON u.id = q.user_id
WHERE q.creditor_id = %(creditor)s
"""


def collector_qualifications(*, actor: Actor, agency_id: int, on: date) -> list[dict[str, Any]]:
    """Return the evidence of an agency's people as dicts, by name, then what ends last first, and what was refused or withdrawn last.

    Args:
        actor: who asks; an agency's lead sees the agency's own, a collector theirs.
        agency_id: the agency.
        on: today in the creditor's zone.

    Returns:
        dicts with qualification_id, user_id, display_name, kind, document_ref, valid_from_on, valid_until_on, is_said_by_agency and `state`:
        waiting (for the creditor), refused, withdrawn, lapsed, later, soon (valid, and ends within `ENDS_SOON_DAYS` days) or valid.
    """
    order = "ORDER BY q.withdrawn_at IS NOT NULL OR q.is_confirmed IS FALSE, u.display_name, q.user_id, q.kind, q.valid_until_on DESC, q.id DESC"
    wanted = {"creditor": actor.creditor_id, "agency": agency_id, "on": on, "soon": ENDS_SOON_DAYS}
    return dicts(f"{_SHOWN} AND q.agency_id = %(agency)s {order}", **wanted)


def collector_qualifications_waiting(*, actor: Actor) -> list[dict[str, Any]]:
    """Return what leads put down and nobody has decided on, oldest first, as rows of `collector_qualifications`; an agency sees none.

    Raises:
        Absent: the actor is on an agency's side.
    """
    if actor.is_agency:
        raise Absent(entity="qualification")
    waiting = f"{_SHOWN} AND q.is_confirmed IS NULL AND q.withdrawn_at IS NULL ORDER BY q.id"
    return dicts(waiting, creditor=actor.creditor_id, on=None, soon=ENDS_SOON_DAYS)


def access_collector_qualification(actor: Actor, *, qualification_id: int) -> CollectorQualification:
    """Return one piece of evidence of somebody.

    Raises:
        Absent: there is none for this actor.
    """
    found = CollectorQualification.objects.filter(creditor_id=actor.creditor_id, pk=qualification_id).first()
    if found is None:
        raise Absent(entity="qualification")
    return found
