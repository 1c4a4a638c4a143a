"""Permits of an agency: one, and those whose outcome nobody reported."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from duecourse.contact.models import Permit
from duecourse.kit.calendar import days_anywhere
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor

RECENT_DAYS = 92
"""Whoever works a debtor's case does so within days; what is older is looked for only where nothing newer is found."""
_OWED = """
SELECT m.id AS permit_id, m.case_id, m.user_id, m.contact_at, m.valid_until_at, coalesce(u.display_name, '') AS name
FROM contact_permit m LEFT JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on AND a.local_on >= %(first_on)s
LEFT JOIN parties_user u ON u.id = m.user_id
WHERE m.creditor_id = %(creditor)s AND m.performer_id = %(agency)s AND m.local_on >= %(first_on)s AND m.channel = 'call' AND a.id IS NULL
  AND m.user_id > 0
  AND (%(user)s::bigint IS NULL OR m.user_id = %(user)s)
ORDER BY m.id LIMIT 200
"""


def outcomes_owed(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the permits for calls whose outcome nobody reported: a collector's own, for a lead those of the agency's people.

    Those of the last `RECENT_DAYS` days; an older one is named by the refusal of the next permit for its debtor.
    """
    user = actor.user_id if actor.is_collector else None
    return dicts(_OWED, creditor=actor.creditor_id, agency=actor.agency_id, user=user, first_on=_recent())


def access_permit(actor: Actor, *, permit_id: int) -> Permit:
    """Return a permit of the actor's agency; a collector's own, or of a case that is theirs.

    Raises:
        Absent: there is none for this actor.
    """
    found = permit_found(creditor_id=actor.creditor_id, performer_id=actor.agency_id, pk=permit_id)
    if found is None:
        raise Absent(entity="permit")
    return found


def permit_found(**wanted: Any) -> Permit | None:
    """Return the permit of these columns, or None: it is looked for in the last months first, and then in all."""
    rows = Permit.objects.filter(**wanted)
    return rows.filter(local_on__gte=_recent()).first() or rows.first()


def _recent() -> date:
    return days_anywhere(now() - timedelta(days=RECENT_DAYS), now())[0]
