"""Statements as long tables, and one statement with the arithmetic behind it: rates measured, tiers used, lines by group, the ledger beside."""

from __future__ import annotations

from typing import Any

from duecourse.kit.calendar import month_bounds
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import PageQuery
from duecourse.ledger.selectors.movements import entry_total
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.parties.selectors import fee_lines

_STATUS = """(SELECT t.status FROM settlement_statementtransition t WHERE t.creditor_id = s.creditor_id AND t.statement_id = s.id
    ORDER BY t.id DESC LIMIT 1)"""
STATEMENTS_PAGE = PageQuery(
    select=f"s.id, s.month, s.currency, s.total_minor, s.line_count, s.drafted_at, c.code AS contract_code, a.code AS agency_code,"
    f" a.name AS agency_name, s.entry_id IS NOT NULL AS is_booked, {_STATUS} AS status",
    source="FROM settlement_statement s JOIN parties_contract c ON c.creditor_id = s.creditor_id AND c.id = s.contract_id"
    " JOIN parties_agency a ON a.creditor_id = s.creditor_id AND a.id = s.agency_id",
    always="s.creditor_id = %(creditor_id)s",
    wheres={
        "month": "s.month = %(month)s",
        "agency": "s.agency_id = %(agency)s::bigint",
        "status": f"{_STATUS} = %(status)s",
    },
    orders={"month": "s.month", "total": "s.total_minor", "agency": "a.code"},
    key="s.id",
)
"""All statements; an agency's people get their own."""

LINES_PAGE = PageQuery(
    select="l.id, l.line_key, l.kind, l.payment_id, t.recognised_on, y.external_ref, l.placement_id, p.case_id, n.number AS account_number,"
    " b.code AS batch_code, l.product_class, l.days_past_due, l.hand, l.basis_minor, l.achieved_bp, l.tier_mode, l.rate_bp, l.rate_numerator,"
    " l.rate_denominator, l.multiplier_bp, l.rounding, l.amount_minor, s.currency, o.line_key AS original_key, os.month AS original_month",
    source="FROM settlement_statementline l"
    " JOIN settlement_statement s ON s.creditor_id = l.creditor_id AND s.id = l.statement_id"
    " JOIN repayment_attribution t ON t.creditor_id = l.creditor_id AND t.id = l.attribution_id"
    " JOIN placement_placement p ON p.creditor_id = l.creditor_id AND p.id = l.placement_id"
    " JOIN placement_batch b ON b.creditor_id = l.creditor_id AND b.id = l.batch_id"
    " LEFT JOIN repayment_payment y ON y.creditor_id = l.creditor_id AND y.id = l.payment_id"
    " LEFT JOIN portfolio_account n ON n.creditor_id = t.creditor_id AND n.id = t.account_id"
    " LEFT JOIN settlement_statementline o ON o.creditor_id = l.creditor_id AND o.id = l.original_line_id"
    " LEFT JOIN settlement_statement os ON os.creditor_id = o.creditor_id AND os.id = o.statement_id",
    always="l.creditor_id = %(creditor_id)s AND l.statement_id = %(statement)s",
    wheres={
        "kind": "l.kind = %(kind)s",
        "batch": "b.code = %(batch)s",
        "account": "n.number = %(account)s",
        "rate": "l.rate_bp = %(rate)s::int",
    },
    orders={"line": "l.id", "amount": "l.amount_minor", "basis": "l.basis_minor", "day": "t.recognised_on"},
    key="l.id",
)
"""The lines of the statement given as the parameter `statement`, with the payment's reference for who may see payments."""

_HEAD = """
SELECT s.id, s.month, s.contract_id, c.code AS contract_code, s.agency_id, a.code AS agency_code, a.name AS agency_name, s.currency,
       s.total_minor, s.line_count, s.lines_hash, s.inputs_hash, s.entry_id, s.drafted_at
FROM settlement_statement s
JOIN parties_contract c ON c.creditor_id = s.creditor_id AND c.id = s.contract_id
JOIN parties_agency a ON a.creditor_id = s.creditor_id AND a.id = s.agency_id
WHERE s.creditor_id = %(creditor)s AND s.id = %(statement)s
"""
_STEPS = """
SELECT t.status, t.reason_code, t.words, t.at, t.actor_id, coalesce(u.display_name, '') AS actor_name FROM settlement_statementtransition t
LEFT JOIN parties_user u ON u.id = t.actor_id WHERE t.creditor_id = %(creditor)s AND t.statement_id = %(statement)s ORDER BY t.id
"""
_GROUPS = """
SELECT l.kind, b.code AS batch_code, l.contract_version_id, v.number AS version_number, l.product_class, l.hand, l.achieved_bp, l.tier_mode,
       l.rate_bp, l.rate_numerator, l.rate_denominator, l.multiplier_bp, l.rounding, count(*) AS line_count,
       sum(l.basis_minor)::bigint AS basis_minor, sum(l.amount_minor)::bigint AS amount_minor
FROM settlement_statementline l
JOIN placement_batch b ON b.creditor_id = l.creditor_id AND b.id = l.batch_id
JOIN parties_contractversion v ON v.creditor_id = l.creditor_id AND v.id = l.contract_version_id
WHERE l.creditor_id = %(creditor)s AND l.statement_id = %(statement)s
GROUP BY l.kind, b.code, l.contract_version_id, v.number, l.product_class, l.hand, l.achieved_bp, l.tier_mode, l.rate_bp, l.rate_numerator,
    l.rate_denominator, l.multiplier_bp, l.rounding
ORDER BY b.code, l.kind DESC, l.product_class, l.rate_bp, l.hand
"""
_MEASURED = """
SELECT DISTINCT ON (b.code) b.code AS batch_code, m.recovered_minor, m.placed_minor, m.rate_bp FROM settlement_measuredrate m
JOIN placement_batch b ON b.creditor_id = m.creditor_id AND b.id = m.batch_id
WHERE m.creditor_id = %(creditor)s AND m.month = %(month)s AND b.contract_id = %(contract)s ORDER BY b.code, m.id DESC
"""


def statement_explained(*, actor: Actor, statement_id: int) -> dict[str, Any]:
    """Return a statement without its lines, and all that its total rests on.

    Returns:
        the statement's columns with `status`; `steps` of its life (status, reason_code, words, at, actor_id, actor_name), oldest first; `groups` of lines that
        share batch, version, product, hand, tier and rate, with their count, basis and amount; `kinds`: basis, amount and count by kind of
        line; `measured`: the recovery rates by batch as they were measured, for those who may see them; `schedules`: fee lines by number of
        contract version; `booked_minor`: what the ledger moved as expense, None while nothing is booked.

    Raises:
        Absent: it does not exist, or is not to be seen.

    Guarantees: Σ groups = Σ kinds = total.
    """
    wanted = {"creditor": actor.creditor_id, "statement": statement_id}
    found = dicts(_HEAD, **wanted)
    if not found:
        raise Absent(entity="statement")
    (head,) = found
    steps = dicts(_STEPS, **wanted)
    groups = dicts(_GROUPS, **wanted)
    kinds: dict[str, dict[str, int]] = {}
    for group in groups:
        sums = kinds.setdefault(group["kind"], {"line_count": 0, "basis_minor": 0, "amount_minor": 0})
        for name in sums:
            sums[name] += group[name]
    last_on = month_bounds(head["month"])[1]
    versions = sorted({(group["version_number"], group["contract_version_id"]) for group in groups})
    schedules = {number: fee_lines(contract_version_id=version_id, on=last_on).to_pylist() for number, version_id in versions}
    booked = None
    if head["entry_id"] is not None and not actor.is_agency:
        booked = entry_total(creditor_id=actor.creditor_id, entry_id=head["entry_id"], book="commission_expense")
    measured = dicts(_MEASURED, creditor=actor.creditor_id, month=head["month"], contract=head["contract_id"])
    explained = {"steps": steps, "groups": groups, "kinds": kinds, "measured": measured, "schedules": schedules, "booked_minor": booked}
    return head | {"status": steps[-1]["status"] if steps else ""} | explained
