"""The desk's choice: which of the cases with agencies fit a wish, read across contacts, placements and stops.

Attempts belong to a room above placement, so what the desk shows is put together here, at the top, as `evidence` is. Nothing personal is in it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.cache import cache

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.ledger.selectors import PageQuery, page, page_count
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor, creditor_of
from duecourse.placement.errors import MovesTooMany
from duecourse.placement.selectors import policies_on
from duecourse.placement.services.moves import MOVES_MAX
from duecourse.portfolio.selectors import case_accounts_by_number

DUE_SECONDS = 60
ENDING_DAYS = 7
"""A term that ends within so many days is shown as ending."""
_SEPARATORS = re.compile(r"[\s,;、，；|]+")
_QUOTES = "'\"‘’“”`"

# What is shown only, and what costs a look elsewhere, are scalar subqueries: they are answered after the page was cut, or last of all.
_STEP = """(SELECT t.{column} FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1)"""
_STATUS, _LAST_ON = _STEP.format(column="status"), _STEP.format(column="last_on")
_PLACED_ON = "(lower(p.during) AT TIME ZONE cr.zone)::date"
_WORKED_ON = f"""(SELECT max(m.local_on) FROM portfolio_case c
    JOIN contact_permit m ON m.creditor_id = c.creditor_id AND m.person_id = c.person_id AND m.case_id = c.id
    JOIN contact_attempt e ON e.creditor_id = m.creditor_id AND e.permit_id = m.id AND e.local_on = m.local_on
    WHERE c.creditor_id = p.creditor_id AND c.id = p.case_id AND m.local_on BETWEEN {_PLACED_ON} AND %(on)s::date)"""  # noqa: S608 - a fragment of this file
_NUMBER = """(SELECT k.number FROM placement_placementaccount pa
    JOIN portfolio_account k ON k.creditor_id = pa.creditor_id AND k.id = pa.account_id
    WHERE pa.creditor_id = p.creditor_id AND pa.placement_id = p.id ORDER BY pa.balance_minor DESC, k.id LIMIT 1)"""
_STOPPED = """EXISTS (SELECT 1 FROM portfolio_case c
    JOIN portfolio_hold h ON h.creditor_id = c.creditor_id AND h.person_id = c.person_id AND h.stops_contact
    WHERE c.creditor_id = p.creditor_id AND c.id = p.case_id AND h.from_on <= %(on)s::date
      AND (h.until_on IS NULL OR h.until_on > %(on)s::date))"""
_TERMS = "coalesce(%(policies)s::jsonb -> b.contract_id::text, %(policies)s::jsonb -> '')"
_ROTATION = f"""({_TERMS} -> 'rotation_days' ->> (least(p.hand, jsonb_array_length({_TERMS} -> 'rotation_days')) - 1))::int"""
_IDLE_DAYS = f"%(on)s::date - coalesce({_WORKED_ON}, {_PLACED_ON})"
_DUE = f"""CASE %(due)s
    WHEN 'owed' THEN {_PLACED_ON} + ({_TERMS} ->> 'first_contact_days')::int < %(on)s::date
        AND {_STATUS} <> 'recall_pending' AND NOT {_STOPPED} AND {_WORKED_ON} IS NULL
    WHEN 'idle' THEN {_PLACED_ON} + ({_TERMS} ->> 'idle_days')::int < %(on)s::date
        AND {_STATUS} <> 'recall_pending' AND NOT {_STOPPED} AND {_IDLE_DAYS} > ({_TERMS} ->> 'idle_days')::int
    WHEN 'rotation' THEN {_PLACED_ON} + {_ROTATION} <= %(on)s::date AND {_STATUS} <> 'recall_pending'
    WHEN 'ending' THEN p.term_until_on <= %(on)s::date + {ENDING_DAYS} AND {_STATUS} <> 'recall_pending'
    WHEN 'pending' THEN {_STATUS} = 'recall_pending'
    ELSE false END"""

DESK = PageQuery(
    select=f"""p.case_id, {_NUMBER} AS number, a.code AS agency_code, b.id AS batch_id, b.code AS batch_code, p.hand, {_PLACED_ON} AS placed_on,
        p.term_until_on, p.placed_minor, p.currency, p.days_past_due, {_STATUS} AS status, {_LAST_ON} AS last_on, {_WORKED_ON} AS worked_on,
        {_IDLE_DAYS} AS idle_days""",
    source="""FROM placement_placement p
        JOIN parties_creditor cr ON cr.id = p.creditor_id
        JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
        JOIN parties_agency a ON a.creditor_id = p.creditor_id AND a.id = p.agency_id""",
    always="p.creditor_id = %(creditor_id)s AND upper_inf(p.during)",
    wheres={
        "due": _DUE,
        "agency": "p.agency_id = %(agency)s::bigint",
        "batch": "b.code = %(batch)s",
        "ends_by": "p.term_until_on <= %(ends_by)s::date",
        "idle_since": f"{_PLACED_ON} < %(idle_since)s::date AND coalesce({_WORKED_ON}, '-infinity') < %(idle_since)s::date",
        "placed_by": f"{_PLACED_ON} <= %(placed_by)s::date",
        "hand": "p.hand = %(hand)s::int",
        "days_min": "p.days_past_due >= %(days_min)s::int",
        "balance_min": "p.placed_minor >= %(balance_min)s::bigint",
        "q": f"starts_with(lower({_NUMBER}), lower(%(q)s))",
    },
    orders={
        "case": "p.case_id",
        "placed": "p.placed_minor",
        "term": "p.term_until_on",
        "days": "p.days_past_due",
        "idle": _IDLE_DAYS,
    },
    key="p.case_id",
)
"""The open placements with their last attempt; `due` chooses what policy says is owed, idle, to be rotated, ending or being recalled."""

DUE = ("owed", "idle", "rotation", "ending", "pending")


def desk_parameters(actor: Actor) -> dict[str, Any]:
    """Return what the desk's query needs beside filters: the creditor's day, and the policies in force on it; inside `acting`."""
    on = local_day(now(), creditor_of(actor).zone)
    policies = policies_on(creditor_id=actor.creditor_id, on=on)
    terms = {"" if contract is None else str(contract): policy.terms() for contract, policy in policies.items()}
    return {"on": on, "policies": json.dumps(terms)}


def desk_cases(*, actor: Actor, filters: Mapping[str, str]) -> list[int]:
    """Return the cases that fit, by number.

    Raises:
        MovesTooMany: they are more than one set of moves may hold.
    """
    query = replace(DESK, select="p.case_id")
    found = page(
        query, creditor_id=actor.creditor_id, order="case", filters=filters, limit=MOVES_MAX + 1, parameters=desk_parameters(actor)
    ).rows
    if len(found) > MOVES_MAX:
        count = page_count(query, creditor_id=actor.creditor_id, filters=filters, parameters=desk_parameters(actor), maximum=None)
        raise MovesTooMany(case_count=count, maximum=MOVES_MAX)
    return [row["case_id"] for row in found]


def due_counts(*, actor: Actor) -> dict[str, int]:
    """Return how many open placements are owed a first contact, idle, due for the next hand, ending, or being recalled; capped as listings are.

    Counting looks at every open placement, so it is kept for `DUE_SECONDS`, or until somebody moves cases.
    """
    key = _due_key(actor)
    found = cache.get(key)
    if found is None:
        parameters = desk_parameters(actor)
        found = {due: page_count(DESK, creditor_id=actor.creditor_id, filters={"due": due}, parameters=parameters) for due in DUE}
        cache.set(key, found, DUE_SECONDS)
    return found


def due_counts_forget(*, actor: Actor) -> None:
    """Let the next `due_counts` count anew; called when cases were moved."""
    cache.set(_due_key(actor), None)


def _due_key(actor: Actor) -> str:
    return f"desk-due:{actor.creditor_id}:{local_day(now(), creditor_of(actor).zone).isoformat()}"


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a pasted list of account numbers came to.

    Attributes:
        case_ids: the cases, by number.
        number_count: different numbers in the list.
        repeated_count: how often a number stood there again.
        unknown: (line, number) of those that are no account of this creditor in an open case, in the order of the list.
    """

    case_ids: list[int]
    number_count: int
    repeated_count: int
    unknown: list[tuple[int, str]]


def pasted(text: str, *, actor: Actor) -> Pasted:
    """Read account numbers as people paste them: by line, comma, tab or semicolon, in full-width digits, with the quotes of a spreadsheet.

    Raises:
        MovesTooMany: they are more than one set of moves may hold.
    """
    lines: dict[str, int] = {}
    total = 0
    for line_number, line in enumerate(text.splitlines(), start=1):
        for part in _SEPARATORS.split(unicodedata.normalize("NFKC", line)):
            if number := part.strip(_QUOTES).replace("\x00", ""):
                total += 1
                lines.setdefault(number, line_number)
    if len(lines) > MOVES_MAX:
        raise MovesTooMany(case_count=len(lines), maximum=MOVES_MAX)
    found = case_accounts_by_number(creditor_id=actor.creditor_id, numbers=list(lines))
    cases = sorted({case_id for case_id, _ in found.values()})
    return Pasted(cases, len(lines), total - len(lines), [(line, number) for number, line in lines.items() if number not in found])


def chosen_sums(*, actor: Actor, case_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the open placements of some cases by batch: agency_code, batch_code, case_count, placed_minor, currency."""
    return dicts(_SUMS, creditor=actor.creditor_id, cases=list(case_ids))


_SUMS = """
SELECT a.code AS agency_code, b.code AS batch_code, p.currency, count(*) AS case_count, sum(p.placed_minor)::bigint AS placed_minor
FROM placement_placement p
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN parties_agency a ON a.creditor_id = p.creditor_id AND a.id = p.agency_id
WHERE p.creditor_id = %(creditor)s AND upper_inf(p.during) AND p.case_id = ANY(%(cases)s)
GROUP BY a.code, b.code, p.currency ORDER BY b.code
"""
