"""What the rooms above placement know of its cases: attempts made, and grounds for an extension, as the frames placement asks for.

Read on the creditor's side for everybody, for an agency's own cases are chosen by placement; nothing personal is in these frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
from django.db import connection

from duecourse.parties.access import Actor, acting, system
from duecourse.placement.selectors import ATTEMPTED
from duecourse.placement.services import GROUNDS

RECENT_DAYS = 30

_ATTEMPTED = """
SELECT DISTINCT m.case_id, m.local_on FROM contact_permit m JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on
WHERE m.creditor_id = %(creditor)s AND m.local_on <= %(on)s AND EXISTS (
    SELECT 1 FROM placement_placement p WHERE p.creditor_id = m.creditor_id AND p.case_id = m.case_id AND upper_inf(p.during))
"""
_GROUNDS = """
SELECT p.case_id, 'promise_open' FROM repayment_promise p
LEFT JOIN repayment_promiseoutcome o ON o.creditor_id = p.creditor_id AND o.promise_id = p.id
WHERE p.creditor_id = %(creditor)s AND o.id IS NULL AND p.due_on >= %(on)s
UNION
SELECT c.id, 'plan_open' FROM portfolio_hold h
JOIN portfolio_case c ON c.creditor_id = h.creditor_id AND c.person_id = h.person_id AND c.closed_on IS NULL
WHERE h.creditor_id = %(creditor)s AND h.kind = 'plan' AND h.from_on <= %(on)s AND (h.until_on IS NULL OR h.until_on > %(on)s)
UNION
SELECT p.case_id, 'paid_recently' FROM repayment_attribution t
JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
WHERE t.creditor_id = %(creditor)s AND t.recognised_on BETWEEN %(since)s AND %(on)s
GROUP BY p.case_id HAVING sum(t.amount_minor) > 0
ORDER BY 1, 2
"""

_OF_BATCHES = """
SELECT p.batch_id, sum(t.amount_minor)::bigint FROM repayment_attribution t
JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
WHERE t.creditor_id = %(creditor)s AND p.batch_id = ANY(%(batches)s) AND t.recognised_on <= %(on)s GROUP BY p.batch_id
"""


def attempts_made(*, actor: Actor, on: date) -> pa.Table:
    """Return the days with an attempt, up to a day, of the cases that are with an agency, as ATTEMPTED."""
    return _frame(_ATTEMPTED, actor=actor, on=on, schema=ATTEMPTED)


def extension_grounds(*, actor: Actor, on: date) -> pa.Table:
    """Return what speaks for an extension on a day, as GROUNDS: promises due on the day or later, plans kept, money of the last 30 days."""
    return _frame(_GROUNDS, actor=actor, on=on, schema=GROUNDS)


def recovered_of_batches(*, actor: Actor, on: date, batch_ids: Sequence[int]) -> dict[int, int]:
    """Return what came in up to a day for all placements of each batch, in minor units; a batch without money is not there."""
    with acting(system(actor.creditor_id)), connection.cursor() as cursor:
        cursor.execute(_OF_BATCHES, {"creditor": actor.creditor_id, "on": on, "batches": list(batch_ids)})
        return dict(cursor.fetchall())


def _frame(query: str, *, actor: Actor, on: date, schema: pa.Schema) -> pa.Table:
    wanted = {"creditor": actor.creditor_id, "on": on, "since": on - timedelta(days=RECENT_DAYS)}
    with acting(system(actor.creditor_id)), connection.cursor() as cursor:
        cursor.execute(query, wanted)
        columns = list(zip(*cursor.fetchall(), strict=True)) or [[] for _ in schema]
    return pa.table([pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema)
