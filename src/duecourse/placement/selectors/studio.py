"""What a proposal changes against the month before, and what every batch of a page holds today."""

from __future__ import annotations

from datetime import date
from typing import Any

from duecourse.ledger.selectors.rows import dicts
from duecourse.placement.models import AllocationRun
from duecourse.placement.selectors.terms import versions_in_force

_BEFORE = """
SELECT r.id, r.as_of FROM placement_allocationrun r
WHERE r.creditor_id = %(creditor)s AND r.state = 'published' AND r.run_id <> 0 AND r.as_of < %(as_of)s ORDER BY r.as_of DESC, r.id DESC LIMIT 1
"""
_SHARES = """
SELECT a.code, a.name, count(*) AS case_count, sum(r.balance_minor)::bigint AS balance_minor,
       sum(r.expected_recovered_minor)::bigint AS expected_recovered_minor
FROM placement_allocationrow r JOIN parties_agency a ON a.creditor_id = r.creditor_id AND a.id = r.agency_id
WHERE r.creditor_id = %(creditor)s AND r.allocation_run_id = %(run)s GROUP BY a.code, a.name ORDER BY a.code
"""
_PROPENSITY = """
SELECT r.agency_id, min(r.propensity_share) AS least_share, max(r.propensity_share) AS most_share
FROM placement_allocationrow r WHERE r.creditor_id = %(creditor)s AND r.allocation_run_id = %(run)s AND r.is_random_slice AND r.agency_id IS NOT NULL
GROUP BY r.agency_id
"""
_DRAFTS = """
SELECT count(*) AS draft_count FROM placement_allocationrun r
WHERE r.creditor_id = %(creditor)s AND r.run_id = %(month)s AND r.as_of = %(as_of)s AND r.id <> %(run)s AND r.run_id <> 0
"""


def allocation_before(*, creditor_id: int, allocation_run_id: int) -> dict[str, Any]:
    """Return what each agency gets in an allocation beside what it got in the last published one before.

    Returns:
        `as_of` of the one before (None when there is none) and `rows` by agency code with code, name, case_count, balance_minor,
        before_case_count and before_balance_minor; an agency of either is there.
    """
    run = AllocationRun.objects.get(creditor_id=creditor_id, pk=allocation_run_id)
    before = dicts(_BEFORE, creditor=creditor_id, as_of=run.as_of)
    if not before:
        return {"as_of": None, "rows": []}
    found = {row["code"]: row for row in dicts(_SHARES, creditor=creditor_id, run=run.pk)}
    earlier = {row["code"]: row for row in dicts(_SHARES, creditor=creditor_id, run=before[0]["id"])}
    rows = [
        {
            "code": code,
            "name": (found.get(code) or earlier[code])["name"],
            "case_count": found[code]["case_count"] if code in found else 0,
            "balance_minor": found[code]["balance_minor"] if code in found else 0,
            "before_case_count": earlier[code]["case_count"] if code in earlier else 0,
            "before_balance_minor": earlier[code]["balance_minor"] if code in earlier else 0,
        }
        for code in sorted(found | earlier)
    ]
    return {"as_of": before[0]["as_of"], "rows": rows}


def slice_propensities(*, creditor_id: int, allocation_run_id: int) -> dict[int, tuple[float, float]]:
    """Return, by agency, the least and the greatest probability with which a case of the random slice could have come to it."""
    rows = dicts(_PROPENSITY, creditor=creditor_id, run=allocation_run_id)
    return {row["agency_id"]: (row["least_share"], row["most_share"]) for row in rows}


def other_drafts(run: AllocationRun) -> int:
    """Return how many other allocations of the same month and day were computed: what whoever approves should know was looked at."""
    found = dicts(_DRAFTS, creditor=run.creditor_id, month=run.run_id, as_of=run.as_of, run=run.pk)
    return found[0]["draft_count"]


def contract_limits(*, creditor_id: int, on: date) -> list[dict[str, Any]]:
    """Return what the contracts in force on a day allow each agency: the bounds within which an allocation's choices lie.

    Returns:
        dicts by agency code with agency_id, agency_code, agency_name, agency_kind, contract_code, capacity_count, capacity_minor (None for
        no limit), share_cap_bp (None for none), regions and products (None for all), currency and placement_term_days.
    """
    chosen: dict[int, dict[str, Any]] = {}
    for version in sorted(versions_in_force(creditor_id=creditor_id, on=on).values(), key=lambda row: row["contract_id"]):
        if version["is_open"] and version["agency_kind"] != "robot":
            chosen[version["agency_id"]] = version
    return sorted(chosen.values(), key=lambda row: row["agency_code"])
