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

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.ledger.selectors import PageQuery, page, page_count
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor, creditor_of
from duecourse.placement.errors import MovesTooMany
from duecourse.placement.selectors import policies_on
from duecourse.placement.services.moves import MOVES_MAX
from duecourse.portfolio.selectors import case_accounts_by_number

ENDING_DAYS = 7
"""A term that ends within so many days is shown as ending."""
_BEGAN = "lower(p.during) AT TIME ZONE cr.zone"
_SEPARATORS = re.compile(r"[\s,;、，；|]+")
_QUOTES = "'\"‘’“”`"

DESK = PageQuery(
    select=f"""p.case_id, n.number, a.code AS agency_code, b.id AS batch_id, b.code AS batch_code, p.hand, ({_BEGAN})::date AS placed_on,
        p.term_until_on, p.placed_minor, p.currency, p.days_past_due, t.status, t.last_on, w.worked_on,
        %(on)s::date - coalesce(w.worked_on, ({_BEGAN})::date) AS idle_days""",
    source=f"""FROM placement_placement p
        JOIN parties_creditor cr ON cr.id = p.creditor_id
        JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
        JOIN parties_agency a ON a.creditor_id = p.creditor_id AND a.id = p.agency_id
        JOIN portfolio_case c ON c.creditor_id = p.creditor_id AND c.id = p.case_id
        JOIN LATERAL (SELECT coalesce(%(policies)s::jsonb -> b.contract_id::text, %(policies)s::jsonb -> '') AS terms) y ON true
        JOIN LATERAL (
            SELECT t.status, t.last_on FROM placement_placementtransition t
            WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true
        LEFT JOIN LATERAL (
            SELECT max(m.local_on) AS worked_on FROM contact_permit m JOIN contact_attempt e ON e.creditor_id = m.creditor_id AND e.permit_id = m.id
            WHERE m.creditor_id = c.creditor_id AND m.person_id = c.person_id AND m.case_id = c.id AND m.local_on BETWEEN ({_BEGAN})::date AND %(on)s::date) w ON true
        LEFT JOIN LATERAL (
            SELECT k.number FROM placement_placementaccount pa JOIN portfolio_account k ON k.creditor_id = pa.creditor_id AND k.id = pa.account_id
            WHERE pa.creditor_id = p.creditor_id AND pa.placement_id = p.id ORDER BY pa.balance_minor DESC, k.id LIMIT 1) n ON true""",  # noqa: S608 - a fragment of this file
    always="p.creditor_id = %(creditor_id)s AND upper_inf(p.during)",
    wheres={
        "due": f"""CASE %(due)s
            WHEN 'owed' THEN w.worked_on IS NULL AND ({_BEGAN})::date + (y.terms->>'first_contact_days')::int < %(on)s::date
                AND t.status <> 'recall_pending' AND NOT {{stopped}}
            WHEN 'idle' THEN %(on)s::date - coalesce(w.worked_on, ({_BEGAN})::date) > (y.terms->>'idle_days')::int
                AND t.status <> 'recall_pending' AND NOT {{stopped}}
            WHEN 'rotation' THEN t.status <> 'recall_pending' AND ({_BEGAN})::date + (y.terms->'rotation_days'->>
                (least(p.hand, jsonb_array_length(y.terms->'rotation_days')) - 1))::int <= %(on)s::date
            WHEN 'ending' THEN t.status <> 'recall_pending' AND p.term_until_on <= %(on)s::date + {ENDING_DAYS}
            WHEN 'pending' THEN t.status = 'recall_pending' ELSE false END""".replace(
            "{stopped}",
            """EXISTS (SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = c.creditor_id AND h.person_id = c.person_id AND h.stops_contact
                AND h.from_on <= %(on)s::date AND (h.until_on IS NULL OR h.until_on > %(on)s::date))""",
        ),
        "agency": "p.agency_id = %(agency)s::bigint",
        "batch": "b.code = %(batch)s",
        "ends_by": "p.term_until_on <= %(ends_by)s::date",
        "idle_since": f"coalesce(w.worked_on, ({_BEGAN})::date) < %(idle_since)s::date",
        "placed_by": f"({_BEGAN})::date <= %(placed_by)s::date",
        "hand": "p.hand = %(hand)s::int",
        "days_min": "p.days_past_due >= %(days_min)s::int",
        "balance_min": "p.placed_minor >= %(balance_min)s::bigint",
        "q": "n.number ILIKE %(q)s || '%%'",
    },
    orders={
        "case": "p.case_id",
        "placed": "p.placed_minor",
        "term": "p.term_until_on",
        "days": "p.days_past_due",
        "idle": f"%(on)s::date - coalesce(w.worked_on, ({_BEGAN})::date)",
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
    """Return how many open placements are owed a first contact, idle, due for the next hand, ending, or being recalled; capped as listings are."""
    parameters = desk_parameters(actor)
    return {due: page_count(DESK, creditor_id=actor.creditor_id, filters={"due": due}, parameters=parameters) for due in DUE}


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
