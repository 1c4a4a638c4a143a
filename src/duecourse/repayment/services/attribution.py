"""Which placement a recovery counts for. Source: docs/algorithms/attribution.md."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import connection

from duecourse.engine.commission import earns_fee
from duecourse.kit.clock import now
from duecourse.placement.selectors import placements_for_attribution
from duecourse.repayment.services.rows import columns

_INSERT = """
INSERT INTO repayment_attribution (creditor_id, payment_id, placement_id, account_id, amount_minor, currency, recognised_on, rule, known_at)
SELECT %s, payment_id, placement_id, account_id, amount_minor, currency, recognised_on, rule, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::date[], %s::text[])
    AS line (payment_id, placement_id, account_id, amount_minor, currency, recognised_on, rule)
"""
_COLUMNS = ("payment_id", "placement_id", "account_id", "amount_minor", "currency", "recognised_on", "rule")


def attribute(*, creditor_id: int, payments: list[dict[str, Any]]) -> int:
    """Attribute what payments met to placements and return how many were.

    Args:
        creditor_id: the creditor that is open in this transaction.
        payments: dicts with id, account_id, currency, paid_on, booked_on and imputed_minor.

    A payment counts for the placement in which its day lies: paid_on or booked_on by the contract version's rule, from the day of placement to
    the last day, both included, and the tail days after it. If several qualify, the one placed last. What was left over counts for nobody.
    """
    met = [payment for payment in payments if payment["account_id"] and payment["imputed_minor"]]
    if not met:
        return 0
    terms = defaultdict(list)
    account_ids = sorted({payment["account_id"] for payment in met})
    for term in placements_for_attribution(creditor_id=creditor_id, account_ids=account_ids).to_pylist():
        terms[term["account_id"]].append(term)
    lines = []
    for payment in met:
        term = _chosen(payment, terms[payment["account_id"]])
        if term:
            rule = term["attribution_rule"]
            line = {"payment_id": payment["id"], "placement_id": term["placement_id"], "account_id": payment["account_id"], "rule": rule}
            line |= {"amount_minor": payment["imputed_minor"], "currency": payment["currency"], "recognised_on": payment[f"{rule}_on"]}
            lines.append(line)
    attributions_insert(creditor_id=creditor_id, lines=lines)
    return len(lines)


def attributions_insert(*, creditor_id: int, lines: list[dict[str, Any]]) -> None:
    """Write attributions; dicts with the columns of the table."""
    if lines:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [creditor_id, now(), *columns(lines, *_COLUMNS)])


def _chosen(payment: dict[str, Any], terms: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the placement placed last of those in whose days the payment lies, both ends and the tail included."""
    qualified = []
    for term in terms:
        ends_on = min(term["ended_on"] or term["term_until_on"], term["term_until_on"])
        received_on = payment[f"{term['attribution_rule']}_on"]
        if earns_fee(received_on, placed_on=term["placed_on"], ends_on=ends_on, tail_days=term["tail_days"]):
            qualified.append(term)
    return max(qualified, key=lambda term: (term["placed_on"], term["placement_id"]), default=None)
