"""The gate's answers of a window, and what they sum to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.kit.calendar import days_anywhere

WINDOW = pa.schema(
    [
        pa.field("answer_key", pa.string(), nullable=False),
        pa.field("performer_id", pa.int64(), nullable=False),
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("contact_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("is_permit", pa.bool_(), nullable=False),
        pa.field("outcome", pa.string()),
        pa.field("explanation_hash", pa.string(), nullable=False),
    ]
)
"""One row per answer of the gate in a window: `answer_key` is 'permit:id' or 'refusal:id'; the outcome is null when unreported."""

_WINDOW = """
SELECT 'permit:' || p.id, p.performer_id, p.person_id, p.channel, p.contact_at, true, a.outcome,
       encode(sha256(convert_to(p.explanation::text, 'UTF8')), 'hex')
FROM contact_permit p
LEFT JOIN contact_attempt a ON a.creditor_id = p.creditor_id AND a.permit_id = p.id AND a.local_on = p.local_on
    AND a.local_on BETWEEN %(first_on)s AND %(last_on)s AND a.reported_at <= %(known)s
WHERE p.creditor_id = %(creditor)s AND p.local_on BETWEEN %(first_on)s AND %(last_on)s AND p.contact_at >= %(from)s AND p.contact_at < %(until)s AND p.decided_at <= %(known)s
UNION ALL
SELECT 'refusal:' || r.id, r.performer_id, r.person_id, r.channel, r.contact_at, false, NULL,
       encode(sha256(convert_to(r.explanation::text, 'UTF8')), 'hex')
FROM contact_refusal r
WHERE r.creditor_id = %(creditor)s AND r.contact_at >= %(from)s AND r.contact_at < %(until)s AND r.decided_at <= %(known)s
"""

_REFUSALS = """
SELECT ground.code, ag.code, count(*), count(DISTINCT r.person_id)
FROM contact_refusal r CROSS JOIN LATERAL jsonb_array_elements_text(r.codes) AS ground (code)
JOIN parties_agency ag ON ag.creditor_id = r.creditor_id AND ag.id = r.performer_id
WHERE r.creditor_id = %s AND r.contact_at >= %s AND r.contact_at < %s
GROUP BY 1, 2 ORDER BY 1, 2
"""

_SLOTS = """
SELECT coalesce(max(held), 0), coalesce(max(connected), 0) FROM (
    SELECT count(*) FILTER (WHERE coalesce(a.is_connected, true)) AS held, count(*) FILTER (WHERE a.is_connected) AS connected
    FROM contact_permit p LEFT JOIN contact_attempt a ON a.creditor_id = p.creditor_id AND a.permit_id = p.id AND a.local_on = p.local_on
        AND a.local_on BETWEEN %(first_on)s AND %(last_on)s
    WHERE p.creditor_id = %(creditor)s AND p.channel = 'call' AND p.local_on BETWEEN %(first_on)s AND %(last_on)s
    GROUP BY p.person_id, p.local_on
) AS days
"""


def window_frame(*, creditor_id: int, from_at: datetime, until_at: datetime, known_at: datetime) -> pa.Table:
    """Return a WINDOW frame of all answers whose contact lies in [from_at, until_at), as was known at an instant."""
    with connection.cursor() as cursor:
        first_on, last_on = days_anywhere(from_at, until_at)
        wanted = {"creditor": creditor_id, "from": from_at, "until": until_at, "known": known_at, "first_on": first_on, "last_on": last_on}
        cursor.execute(_WINDOW, wanted)
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in WINDOW]
    return pa.table([pa.array(column, type=wanted.type) for column, wanted in zip(columns, WINDOW, strict=True)], schema=WINDOW)


def refusal_counts(*, creditor_id: int, from_at: datetime, until_at: datetime) -> list[dict[str, Any]]:
    """Return how often each ground refused each performer: dicts of code, performer, request_count, debtor_count."""
    with connection.cursor() as cursor:
        cursor.execute(_REFUSALS, [creditor_id, from_at, until_at])
        names = ("code", "performer", "request_count", "debtor_count")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def most_slots(*, creditor_id: int, first_on: date, last_on: date) -> tuple[int, int]:
    """Return the most slots held, and the most connected calls, of any debtor on any local day of the span, both ends included."""
    with connection.cursor() as cursor:
        cursor.execute(_SLOTS, {"creditor": creditor_id, "first_on": first_on, "last_on": last_on})
        held, connected = cursor.fetchone()
    return held, connected


def attempts_without_permit(*, creditor_id: int) -> int:
    """Return how many attempts have no permit of the same performer; the database admits none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM contact_attempt a LEFT JOIN contact_permit p ON p.creditor_id = a.creditor_id"
            " AND p.id = a.permit_id AND p.local_on = a.local_on AND p.performer_id = a.performer_id WHERE a.creditor_id = %s AND p.id IS NULL",
            [creditor_id],
        )
        return cursor.fetchone()[0]
