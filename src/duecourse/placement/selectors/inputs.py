"""What the next allocation has to know of agencies and earlier placements, as frames of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from duecourse.engine.allocation import AGENCIES, EFFECTS, EXCLUSIONS, PREVIOUS_AGENCY
from duecourse.engine.frames import conform, from_rows
from duecourse.kit.money import BASIS_POINTS
from duecourse.ledger.selectors.rows import dicts, frame
from duecourse.parties.selectors import fee_lines
from duecourse.placement.selectors.runs import ALREADY_PLACED, HOLD_PREFIX
from duecourse.placement.selectors.terms import versions_in_force

_NOT_ROBOT = ("external", "in_house", "law_firm")

_HELD = """
SELECT agency_id, currency, count(*) AS case_count, sum(placed_minor)::bigint AS placed_minor
FROM placement_placement WHERE creditor_id = %(creditor)s AND upper_inf(during) GROUP BY agency_id, currency
"""

# The age and the product most of the cases that wait for a placement have: by count, the median and the mode.
_TYPICAL = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY s.days_past_due) AS days_past_due,
       mode() WITHIN GROUP (ORDER BY a.product_class) AS product_class
FROM portfolio_snapshot s
JOIN LATERAL (
    SELECT FROM portfolio_case c
    WHERE c.creditor_id = s.creditor_id AND c.id = s.case_id AND c.closed_on IS NULL AND c.open_agency_id IS NULL LIMIT 1) c ON true
JOIN LATERAL (
    SELECT a.product_class FROM portfolio_account a WHERE a.creditor_id = s.creditor_id AND a.id = s.account_id LIMIT 1) a ON true
WHERE s.creditor_id = %(creditor)s AND s.step_run_id = (
    SELECT max(l.step_run_id) FROM portfolio_snapshot l WHERE l.creditor_id = %(creditor)s AND l.as_of <= %(on)s)
"""

_EXCLUSIONS = f"""
SELECT c.id AS case_id, NULL::bigint AS agency_id, '{HOLD_PREFIX}' || h.kind AS reason
FROM portfolio_hold h
JOIN portfolio_case c ON c.creditor_id = h.creditor_id AND c.person_id = h.person_id AND c.closed_on IS NULL
WHERE h.creditor_id = %(creditor)s AND h.stops_placement AND h.from_on <= %(on)s AND (h.until_on IS NULL OR h.until_on > %(on)s)
UNION
SELECT p.case_id, NULL, '{ALREADY_PLACED}' FROM placement_placement p WHERE p.creditor_id = %(creditor)s AND upper_inf(p.during)
UNION
SELECT p.case_id, p.agency_id, '{PREVIOUS_AGENCY}' FROM placement_placement p
JOIN portfolio_case c ON c.creditor_id = p.creditor_id AND c.id = p.case_id AND c.closed_on IS NULL
WHERE p.creditor_id = %(creditor)s
ORDER BY 1, 2 NULLS FIRST, 3
"""  # noqa: S608 - constants of this room

_PREVIOUS = f"""
SELECT DISTINCT p.case_id, p.agency_id, '{PREVIOUS_AGENCY}' FROM placement_placement p
WHERE p.creditor_id = %(creditor)s AND p.case_id = ANY(%(cases)s) ORDER BY 1, 2
"""  # noqa: S608 - a constant of the engine


def agencies_frame(*, creditor_id: int, on: date, effects: pa.Table | None = None, currency: str | None = None) -> pa.Table:
    """Return the agencies that may be given cases on a day, a frame of `engine.allocation.AGENCIES` by agency id.

    An agency is there when it is open, no robot, and has a signed contract in force; of several contracts the one with the highest
    number counts. Its capacity is the contract's less what it holds. `fee_rate_bp` is the rate of its fee schedule at the first hand
    and the lowest tier, for the age and product that most of the cases waiting for a placement have in the newest snapshot (the median
    of days past due, the commonest product); with no schedule it is 0, and where the schedule has no such cell it is its highest rate.

    Args:
        creditor_id: the tenant.
        on: the business day.
        effects: EFFECTS of the last evaluation, or None. Rows without a segment are multiplied into `multiplier_bp` here; hand the engine
            only those with a segment, or hand all of them to the engine and none here.
        currency: only contracts in this currency; None for all.
    """
    wanted = {"creditor": creditor_id, "on": on}
    terms: dict[int, dict[str, Any]] = {}
    for version in sorted(versions_in_force(creditor_id=creditor_id, on=on).values(), key=lambda row: row["contract_id"]):
        if version["is_open"] and version["agency_kind"] in _NOT_ROBOT and currency in (None, version["currency"]):
            terms[version["agency_id"]] = version
    held, typical = dicts(_HELD, **wanted), dicts(_TYPICAL, **wanted)[0]
    multipliers = _multipliers(effects)
    rows = [
        {
            **_capacity(version, [row for row in held if row["agency_id"] == agency_id]),
            "agency_id": agency_id,
            "contract_id": version["contract_id"],
            "kind": version["agency_kind"],
            "share_min_bp": 0,
            "share_cap_bp": BASIS_POINTS if version["share_cap_bp"] is None else version["share_cap_bp"],
            "regions": version["regions"],
            "products": version["products"],
            "multiplier_bp": multipliers.get(agency_id, BASIS_POINTS),
            "fee_rate_bp": _typical_fee_bp(version["contract_version_id"], on=on, typical=typical),
            "complaint_cost_minor": 0,
        }
        for agency_id, version in sorted(terms.items())
    ]
    return from_rows(rows, AGENCIES)


def exclusions_frame(*, creditor_id: int, on: date) -> pa.Table:
    """Return what forbids a case an agency on a day, a frame of `engine.allocation.EXCLUSIONS` in a fixed order.

    A hold that stops placement excludes the debtor's cases as `hold_<kind>`, an open placement its case as `already_placed`; each agency
    that has had a case is named with it as `previous_agency`, which the allocation's policy may overlook.
    """
    return frame(_EXCLUSIONS, creditor=creditor_id, on=on, schema=EXCLUSIONS)


def previous_agencies(*, creditor_id: int, case_ids: Sequence[int]) -> pa.Table:
    """Return which agencies have had the cases, now or before, as EXCLUSIONS with the reason `previous_agency`."""
    return frame(_PREVIOUS, creditor=creditor_id, cases=list(case_ids), schema=EXCLUSIONS)


def _capacity(version: dict[str, Any], held: list[dict[str, Any]]) -> dict[str, int | None]:
    """Return the contract's capacity less what the agency holds: cases of all currencies, balances of the contract's."""
    count, placed_minor = version["capacity_count"], version["capacity_minor"]
    used_count = sum(row["case_count"] for row in held)
    used_minor = sum(row["placed_minor"] for row in held if row["currency"] == version["currency"])
    return {
        "capacity_count": None if count is None else max(count - used_count, 0),
        "capacity_minor": None if placed_minor is None else max(placed_minor - used_minor, 0),
    }


def _multipliers(effects: pa.Table | None) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in [] if effects is None else conform(effects, EFFECTS, name="EFFECTS").to_pylist():
        if row["segment_key"] is None:
            found[row["agency_id"]] = found.get(row["agency_id"], BASIS_POINTS) * row["effect_bp"] // BASIS_POINTS
    return found


def _typical_fee_bp(contract_version_id: int, *, on: date, typical: dict[str, Any]) -> int:
    lines = [
        row
        for row in fee_lines(contract_version_id=contract_version_id, on=on).to_pylist()
        if row["hand_from"] <= 1 and not row["tier_from_bp"]
    ]
    own = [row for row in lines if row["product_class"] == typical["product_class"]] or [
        row for row in lines if row["product_class"] == "*"
    ]
    age = typical["days_past_due"] or 1
    at_age = [row for row in own if row["age_band_from_days"] <= age and (row["age_band_to_days"] is None or age < row["age_band_to_days"])]
    return max((row["rate_bp"] for row in at_age or own or lines), default=0)
