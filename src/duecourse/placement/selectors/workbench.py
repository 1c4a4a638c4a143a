"""What an agency's lead sees of its own: batches with their receipts, open cases with who works them, people with what they have."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import PageQuery
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.placement.models import BatchReceipt

_BATCH_ROWS = """
SELECT b.id AS batch_id, b.code, b.placed_on, b.term_until_on, b.case_count, b.placed_minor, b.currency, b.contract_id,
       h.sha256, h.row_count, h.handed_over_at, h.manifest, r.at AS accepted_at, r.user_id AS accepted_by,
       d.discrepancy_count, o.open_count, o.open_minor, o.assigned_count
FROM placement_batch b
LEFT JOIN placement_handover h ON h.creditor_id = b.creditor_id AND h.batch_id = b.id
LEFT JOIN placement_batchreceipt r ON r.creditor_id = b.creditor_id AND r.batch_id = b.id AND r.kind = 'accepted'
JOIN LATERAL (SELECT count(*) AS discrepancy_count FROM placement_batchreceipt d
    WHERE d.creditor_id = b.creditor_id AND d.batch_id = b.id AND d.kind = 'discrepancy') d ON true
JOIN LATERAL (SELECT count(*) AS open_count, coalesce(sum(p.placed_minor), 0)::bigint AS open_minor, count(x.id) AS assigned_count
    FROM placement_placement p
    LEFT JOIN placement_caseassignment x ON x.creditor_id = p.creditor_id AND x.placement_id = p.id AND x.until_at IS NULL
    WHERE p.creditor_id = b.creditor_id AND p.batch_id = b.id AND upper_inf(p.during)) o ON true
WHERE b.creditor_id = %(creditor)s AND b.agency_id = %(agency)s AND (%(batch)s::bigint IS NULL OR b.id = %(batch)s)
ORDER BY (r.at IS NULL AND h.id IS NOT NULL AND o.open_count > 0) DESC, (o.open_count > 0) DESC, b.placed_on DESC, b.id DESC
LIMIT %(limit)s
"""

_COLLECTORS = """
SELECT m.user_id, u.display_name AS name, u.email, m.role, m.is_active AND u.is_active AS is_active,
       coalesce(l.case_count, 0) AS case_count, coalesce(l.placed_minor, 0)::bigint AS placed_minor
FROM (SELECT m.user_id, CASE WHEN bool_or(m.role = 'lead') THEN 'lead' ELSE 'collector' END AS role,
          bool_or(m.from_on <= %(on)s AND (m.until_on IS NULL OR m.until_on > %(on)s)) AS is_active
      FROM parties_membership m WHERE m.creditor_id = %(creditor)s AND m.agency_id = %(agency)s GROUP BY m.user_id) m
JOIN parties_user u ON u.id = m.user_id
LEFT JOIN (SELECT x.user_id, count(*) AS case_count, sum(p.placed_minor) AS placed_minor
    FROM placement_caseassignment x JOIN placement_placement p ON p.creditor_id = x.creditor_id AND p.id = x.placement_id
    WHERE x.creditor_id = %(creditor)s AND x.agency_id = %(agency)s AND x.until_at IS NULL GROUP BY x.user_id) l ON l.user_id = m.user_id
WHERE m.is_active AND u.is_active OR l.case_count > 0
ORDER BY m.is_active AND u.is_active DESC, u.display_name, m.user_id
"""

WORK_CASES: Final = PageQuery(
    select=(
        "p.case_id, p.id AS placement_id, b.id AS batch_id, b.code AS batch_code, p.placed_minor, p.currency, p.hand, p.term_until_on,"
        " p.days_past_due + (%(today)s::date - b.placed_on) AS days_past_due, x.user_id, coalesce(u.display_name, '') AS collector,"
        " CASE WHEN v.contracted_fields ? 'account_number' THEN (SELECT min(a.number) FROM placement_placementaccount pa"
        " JOIN portfolio_account a ON a.creditor_id = pa.creditor_id AND a.id = pa.account_id"
        " WHERE pa.creditor_id = p.creditor_id AND pa.placement_id = p.id) END AS account_number"
    ),
    source=(
        "FROM placement_placement p JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id"
        " JOIN parties_contractversion v ON v.creditor_id = p.creditor_id AND v.id = p.contract_version_id"
        " LEFT JOIN placement_caseassignment x ON x.creditor_id = p.creditor_id AND x.placement_id = p.id AND x.until_at IS NULL"
        " LEFT JOIN parties_user u ON u.id = x.user_id"
    ),
    always="p.creditor_id = %(creditor_id)s AND p.agency_id = %(agency)s AND upper_inf(p.during)",
    wheres={
        "batch": "p.batch_id = %(batch)s::bigint",
        "accepted": (
            "(%(accepted)s = 'yes') = EXISTS (SELECT 1 FROM placement_batchreceipt r WHERE r.creditor_id = p.creditor_id"
            " AND r.batch_id = p.batch_id AND r.kind = 'accepted')"
        ),
        "collector": "coalesce(x.user_id, 0) = %(collector)s::bigint",
        "dpd_min": "p.days_past_due + (%(today)s::date - b.placed_on) >= %(dpd_min)s::int",
        "dpd_max": "p.days_past_due + (%(today)s::date - b.placed_on) <= %(dpd_max)s::int",
        "placed_min": "p.placed_minor >= %(placed_min)s::bigint",
        "term_until": "p.term_until_on <= %(term_until)s::date",
        "q": (
            "p.case_id::text = %(q)s OR v.contracted_fields ? 'account_number' AND EXISTS (SELECT 1 FROM placement_placementaccount pa JOIN portfolio_account a"
            " ON a.creditor_id = pa.creditor_id AND a.id = pa.account_id WHERE pa.creditor_id = p.creditor_id AND pa.placement_id = p.id"
            " AND a.number = %(q)s)"
        ),
    },
    orders={
        "balance": "p.placed_minor",
        "dpd": "p.days_past_due + (%(today)s::date - b.placed_on)",
        "term": "p.term_until_on",
        "case": "p.case_id",
        "collector": "coalesce(u.display_name, '')",
    },
    key="p.case_id",
)
"""The open cases of an agency; for a collector those that are theirs. `today` and `agency` are given as parameters. Collector 0 is nobody."""


def agency_batches(*, actor: Actor, limit: int = 200) -> list[dict[str, Any]]:
    """Return the agency's batches as dicts: those to accept first, then those with open cases, the newest first.

    Each has its package's hash and rows (None before it is made), accepted_at, how many discrepancies were reported, and how many of its
    cases are open and assigned.
    """
    return dicts(_BATCH_ROWS, creditor=actor.creditor_id, agency=actor.agency_id, batch=None, limit=limit)


def agency_batch(*, actor: Actor, batch_id: int) -> dict[str, Any]:
    """Return one batch as `agency_batches` does.

    Raises:
        Absent: it is not the agency's.
    """
    found = dicts(_BATCH_ROWS, creditor=actor.creditor_id, agency=actor.agency_id, batch=batch_id, limit=1)
    if not found:
        raise Absent(entity="batch")
    return found[0]


def batch_receipts(*, creditor_id: int, batch_id: int | None = None) -> list[BatchReceipt]:
    """Return what agencies said of a batch, or of all, the newest first; an agency sees its own."""
    found = BatchReceipt.objects.filter(creditor_id=creditor_id).select_related("batch", "agency").order_by("-pk")
    return list(found if batch_id is None else found.filter(batch_id=batch_id))


def collectors(*, actor: Actor, on: date) -> list[dict[str, Any]]:
    """Return who works at the agency on a day, and who left and still has cases, with what they have.

    Returns:
        dicts with user_id, name, email, role, is_active, case_count and placed_minor; those who work there first, by name.
    """
    return dicts(_COLLECTORS, creditor=actor.creditor_id, agency=actor.agency_id, on=on)
