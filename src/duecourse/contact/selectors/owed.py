"""Permits of an agency: one, and those whose outcome nobody reported."""

from __future__ import annotations

from typing import Any

from duecourse.contact.models import Permit
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor

_OWED = """
SELECT m.id AS permit_id, m.case_id, m.user_id, m.contact_at, m.valid_until_at, coalesce(u.display_name, '') AS name
FROM contact_permit m LEFT JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on
LEFT JOIN parties_user u ON u.id = m.user_id
WHERE m.creditor_id = %(creditor)s AND m.performer_id = %(agency)s AND m.channel = 'call' AND a.id IS NULL AND m.user_id > 0
  AND (%(user)s::bigint IS NULL OR m.user_id = %(user)s)
ORDER BY m.id LIMIT 200
"""


def outcomes_owed(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the permits for calls whose outcome nobody reported: a collector's own, for a lead those of the agency's people."""
    user = actor.user_id if actor.is_collector else None
    return dicts(_OWED, creditor=actor.creditor_id, agency=actor.agency_id, user=user)


def access_permit(actor: Actor, *, permit_id: int) -> Permit:
    """Return a permit of the actor's agency; a collector's own, or of a case that is theirs.

    Raises:
        Absent: there is none for this actor.
    """
    found = Permit.objects.filter(creditor_id=actor.creditor_id, performer_id=actor.agency_id, pk=permit_id).first()
    if found is None:
        raise Absent(entity="permit")
    return found
