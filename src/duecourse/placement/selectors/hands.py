"""Whose hands a case went through (手别): every placement with its days, its end and why it ended."""

from __future__ import annotations

from typing import Any

from duecourse.ledger.selectors.rows import dicts

_HANDS = """
SELECT p.id AS placement_id, p.hand, p.agency_id, g.code AS agency_code, g.name AS agency_name, g.kind AS agency_kind, b.id AS batch_id,
       b.code AS batch_code, c.code AS contract_code, p.term_until_on, p.placed_minor, p.currency, p.days_past_due, p.segment_key,
       p.is_random_slice, p.end_reason, upper_inf(p.during) AS is_open, (lower(p.during) AT TIME ZONE cr.zone)::date AS placed_on,
       ((upper(p.during) - interval '1 microsecond') AT TIME ZONE cr.zone)::date AS ended_on,
       t.status, t.reason_code, t.reason, t.last_on
FROM placement_placement p
JOIN parties_creditor cr ON cr.id = p.creditor_id
JOIN parties_agency g ON g.creditor_id = p.creditor_id AND g.id = p.agency_id
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN parties_contract c ON c.creditor_id = b.creditor_id AND c.id = b.contract_id
LEFT JOIN LATERAL (
    SELECT t.status, t.reason_code, t.reason, t.last_on FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true
WHERE p.creditor_id = %(creditor)s AND p.case_id = %(case)s ORDER BY p.hand DESC
"""


def hands(*, creditor_id: int, case_id: int) -> list[dict[str, Any]]:
    """Return a case's placements, the newest first; an agency sees those it had.

    Returns:
        dicts with placement_id, hand, agency_id, agency_code, agency_name, agency_kind, batch_id, batch_code, contract_code, term_until_on,
        placed_minor, currency, days_past_due, segment_key, is_random_slice, end_reason, is_open, placed_on, ended_on (the last day, None
        while it is open), and of its newest step status, reason_code, reason and last_on.
    """
    return dicts(_HANDS, creditor=creditor_id, case=case_id)
