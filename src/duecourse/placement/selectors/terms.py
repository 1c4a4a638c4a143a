"""Which terms an agency works under on a day, and what stands in the way of giving it cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from duecourse.ledger.selectors.rows import dicts
from duecourse.placement.selectors.fields import refused_fields

_IN_FORCE = """
SELECT DISTINCT ON (v.contract_id) v.contract_id, v.id AS contract_version_id, v.number, v.signed_on, v.currency, v.regions, v.products,
       v.capacity_count, v.capacity_minor, v.share_cap_bp, v.placement_term_days, v.contracted_fields, v.effective_on, v.expires_on,
       c.agency_id, c.code AS contract_code, a.code AS agency_code, a.name AS agency_name, a.kind AS agency_kind,
       (a.opened_on <= %(on)s AND (a.closed_on IS NULL OR a.closed_on > %(on)s)) AS is_open
FROM parties_contractversion v
JOIN parties_contract c ON c.creditor_id = v.creditor_id AND c.id = v.contract_id
JOIN parties_agency a ON a.creditor_id = v.creditor_id AND a.id = c.agency_id
WHERE v.creditor_id = %(creditor)s AND v.signed_on <= %(on)s AND v.effective_on <= %(on)s AND v.expires_on > %(on)s
ORDER BY v.contract_id, v.number DESC
"""

_LAPSED = """
SELECT q.agency_id, q.kind FROM parties_qualification q
WHERE q.creditor_id = %(creditor)s AND q.agency_id = ANY(%(agencies)s)
GROUP BY q.agency_id, q.kind
HAVING NOT bool_or(q.valid_from_on <= %(on)s AND q.valid_until_on > %(on)s)
ORDER BY q.agency_id, q.kind
"""


def versions_in_force(*, creditor_id: int, on: date) -> dict[int, dict[str, Any]]:
    """Return, by contract id, the terms in force on a day: the last version that is signed, has begun and has not expired."""
    return {row["contract_id"]: row for row in dicts(_IN_FORCE, creditor=creditor_id, on=on)}


def obstacles(*, creditor_id: int, contracts: Sequence[tuple[int, str, int]], on: date, currency: str) -> list[dict[str, Any]]:
    """Return what forbids giving cases to agencies on a day, one row per agency and reason; an empty list means nothing does.

    Args:
        creditor_id: the tenant.
        contracts: (agency id, agency code, contract id) of each agency that is to get cases.
        on: the day of the placement in the creditor's zone.
        currency: of the cases.

    Returns:
        dicts with agency_id, agency_code and reason, an English sentence that is also the translation key with its values filled in.

    A kind of qualification that the agency has ever shown must be valid on the day; an agency that never showed one is not asked.
    """
    versions = versions_in_force(creditor_id=creditor_id, on=on)
    found: list[dict[str, Any]] = []
    for agency_id, code, contract_id in contracts:
        version = versions.get(contract_id)
        reasons = ["no signed version of its contract is in force"] if version is None else _reasons(version, on=on, currency=currency)
        found += [{"agency_id": agency_id, "agency_code": code, "reason": reason} for reason in reasons]
    codes = {agency_id: code for agency_id, code, _ in contracts}
    for row in dicts(_LAPSED, creditor=creditor_id, agencies=list(codes), on=on):
        reason = f"its qualification {row['kind']} is not valid"
        found.append({"agency_id": row["agency_id"], "agency_code": codes[row["agency_id"]], "reason": reason})
    return found


def _reasons(version: dict[str, Any], *, on: date, currency: str) -> list[str]:
    reasons = []
    if not version["is_open"]:
        reasons.append("the agency is closed")
    if version["currency"] != currency:
        reasons.append(f"its contract is in {version['currency']}, the cases are in {currency}")
    if fields := refused_fields(version["contracted_fields"]):
        reasons.append(f"its contract names fields that are never handed over: {', '.join(fields)}")
    return reasons
