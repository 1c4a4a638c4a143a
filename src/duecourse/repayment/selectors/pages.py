"""Payments as long tables: all of them, and those whose money waits in suspense; and one payment with what it met."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from duecourse.ledger.selectors import PageQuery
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.repayment.selectors.money import access_payment

_NEWEST = """JOIN LATERAL (
    SELECT m.account_id, m.how, m.known_at FROM repayment_paymentmatch m WHERE m.creditor_id = y.creditor_id AND m.payment_id = y.id
    ORDER BY m.id DESC LIMIT 1) m ON true
LEFT JOIN portfolio_account a ON a.creditor_id = y.creditor_id AND a.id = m.account_id
LEFT JOIN portfolio_caseaccount ca ON ca.creditor_id = y.creditor_id AND ca.account_id = m.account_id AND ca.until_on IS NULL"""
_COLUMNS = """
y.id, y.bank_account, y.external_ref, y.amount_minor, y.currency, y.paid_on, y.booked_on, y.channel, y.account_reference, y.known_at,
y.reverses_id, m.how, m.account_id, a.number AS account_number, ca.case_id
"""
_WHERES = {
    "reference": "y.external_ref = %(reference)s OR y.account_reference = %(reference)s OR a.number = %(reference)s",
    "from_on": "y.booked_on >= %(from_on)s::date",
    "until_on": "y.booked_on <= %(until_on)s::date",
    "amount_min": "abs(y.amount_minor) >= %(amount_min)s::bigint",
    "amount_max": "abs(y.amount_minor) <= %(amount_max)s::bigint",
}
PAYMENTS_PAGE = PageQuery(
    select=_COLUMNS,
    source=f"FROM repayment_payment y {_NEWEST}",
    always="y.creditor_id = %(creditor_id)s",
    wheres=_WHERES | {"how": "m.how = %(how)s"},
    orders={"booked": "y.booked_on", "amount": "y.amount_minor", "paid": "y.paid_on"},
    key="y.id",
)
"""All payments and reversals, each with where it belongs now."""

_WAITING = """
SELECT coalesce(y.reverses_id, y.id) AS payment_id, -sum(s.amount_minor)::bigint AS suspense_minor
FROM ledger_posting s
JOIN ledger_entry e ON e.creditor_id = s.creditor_id AND e.id = s.entry_id AND e.source_kind = 'payment'
JOIN repayment_payment y ON y.creditor_id = s.creditor_id AND y.id = e.source_id::bigint
WHERE s.creditor_id = %(creditor_id)s AND s.book = 'suspense'
GROUP BY 1 HAVING sum(s.amount_minor) <> 0
"""
SUSPENSE_PAGE = PageQuery(
    select=f"{_COLUMNS}, w.suspense_minor, a.number IS NOT NULL AS is_left_over",
    source=f"FROM ({_WAITING}) w JOIN repayment_payment y ON y.creditor_id = %(creditor_id)s AND y.id = w.payment_id {_NEWEST}",
    always="y.creditor_id = %(creditor_id)s",
    wheres=_WHERES | {"what": "(a.id IS NULL) = (%(what)s = 'unmatched')"},
    orders={"booked": "y.booked_on", "waiting": "w.suspense_minor"},
    key="y.id",
)
"""Payments that hold money in suspense as the ledger has it: wholly unmatched, or what was left over after a debt was met."""

_MATCHES = """
SELECT m.id, m.how, m.entry_id, m.known_at, m.account_id, a.number AS account_number FROM repayment_paymentmatch m
LEFT JOIN portfolio_account a ON a.creditor_id = m.creditor_id AND a.id = m.account_id
WHERE m.creditor_id = %(creditor)s AND m.payment_id = %(payment)s ORDER BY m.id
"""
_SIDES = """
SELECT p.entry_id, p.book, p.component, p.account_id, p.amount_minor, p.booked_on FROM ledger_posting p
WHERE p.creditor_id = %(creditor)s AND p.entry_id = ANY(%(entries)s::bigint[]) ORDER BY p.entry_id, p.id
"""
_RECOGNISED = """
SELECT t.amount_minor, t.currency, t.recognised_on, t.rule, p.case_id, g.name AS agency_name, b.code AS batch_code
FROM repayment_attribution t
JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN parties_agency g ON g.creditor_id = p.creditor_id AND g.id = p.agency_id
WHERE t.creditor_id = %(creditor)s AND t.payment_id = %(payment)s
"""
_REVERSED_BY = "SELECT id, external_ref, booked_on FROM repayment_payment WHERE creditor_id = %(creditor)s AND reverses_id = %(payment)s"
_CANDIDATES = """
SELECT a.id AS account_id, a.number, a.product_class, a.currency, ca.case_id, s.balance_minor, s.bucket FROM portfolio_account a
LEFT JOIN portfolio_caseaccount ca ON ca.creditor_id = a.creditor_id AND ca.account_id = a.id AND ca.until_on IS NULL
LEFT JOIN LATERAL (SELECT s.balance_minor, s.bucket FROM portfolio_snapshot s WHERE s.creditor_id = a.creditor_id AND s.account_id = a.id
    ORDER BY s.as_of DESC, s.id DESC LIMIT 1) s ON true
WHERE a.creditor_id = %(creditor)s AND a.number = ANY(%(numbers)s::text[]) ORDER BY a.number
"""
_RECOVERED = """
SELECT placement_id, sum(amount_minor)::bigint AS recovered_minor FROM repayment_attribution
WHERE creditor_id = %(creditor)s AND placement_id = ANY(%(placements)s::bigint[]) GROUP BY placement_id
"""


def payment_explained(*, actor: Actor, payment_id: int) -> dict[str, Any]:
    """Return a payment with where it belonged over time, what it met in the books, and which placement it counts for.

    Returns:
        `payment` (the row), `matches` oldest first, each with its `sides` in the ledger, `recognised`, `reversed_by` (or None), and
        `suspense_minor`: what of its money waits now.

    Raises:
        Absent: it does not exist, or is not the actor's to see.
    """
    payment = access_payment(actor, payment_id=payment_id)
    wanted = {"creditor": actor.creditor_id, "payment": payment_id}
    matches = dicts(_MATCHES, **wanted)
    reversed_by = dicts(_REVERSED_BY, **wanted)
    sides = dicts(_SIDES, creditor=actor.creditor_id, entries=[match["entry_id"] for match in matches])
    own = {match["entry_id"]: [side for side in sides if side["entry_id"] == match["entry_id"]] for match in matches}
    waiting = -sum(side["amount_minor"] for side in sides if side["book"] == "suspense")
    return {
        "payment": payment,
        "matches": [match | {"sides": own[match["entry_id"]]} for match in matches],
        "recognised": dicts(_RECOGNISED, **wanted),
        "reversed_by": reversed_by[0] if reversed_by else None,
        "suspense_minor": 0 if reversed_by or payment.reverses_id else waiting,
    }


def match_candidates(*, creditor_id: int, numbers: Iterable[str]) -> list[dict[str, Any]]:
    """Return the accounts of these numbers with balance, bucket and open case, for somebody who looks where a payment belongs."""
    return dicts(_CANDIDATES, creditor=creditor_id, numbers=sorted(set(filter(None, numbers))))


def recovered_by_placement(*, creditor_id: int, placement_ids: Iterable[int]) -> dict[int, int]:
    """Return what came in for placements, minor units, net of reversals; those with nothing are missing."""
    rows = dicts(_RECOVERED, creditor=creditor_id, placements=list(placement_ids))
    return {row["placement_id"]: row["recovered_minor"] for row in rows}
