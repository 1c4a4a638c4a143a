"""What ended a permit before its time: looked at again whenever a number is opened or a permit is asked after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from duecourse.ledger.selectors.rows import dicts

_MADE = """
SELECT performer_id, date_trunc('week', started_at AT TIME ZONE %(zone)s)::date AS week_on, count(*) AS number
FROM gate.made_on_revoked(%(creditor)s, %(low)s, %(high)s) GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Why a permit holds no more.

    Attributes:
        code: as of the ground that would refuse the contact now; `services.ground_text` tells it in words.
        revoked_at: since when, or None where no instant is known.
    """

    code: str
    revoked_at: datetime | None


def permit_revocations(*, creditor_id: int, permit_id: int) -> list[Revocation]:
    """Return what ended a permit since it was given, the first first; [] while it holds. Call it inside `acting`.

    Looked at are emergency stops, holds, the case, whom it is with and who works it, the number, what the debtor asked for, papers and direct
    debits; of a permit whose outcome is reported, as they stood when the contact was begun. Nothing is told of another agency's permit.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM gate.permit_revoked(%s, %s)", [creditor_id, permit_id])
        return [Revocation(code, revoked_at) for code, revoked_at in cursor.fetchall()]


def made_on_revoked_counts(*, creditor_id: int, zone: str, low: datetime, high: datetime) -> list[dict[str, object]]:
    """Return how many contacts of [low, high) were begun after their permit had ended: dicts of performer_id, week_on and number."""
    return dicts(_MADE, creditor=creditor_id, zone=zone, low=low, high=high)
