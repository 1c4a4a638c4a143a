"""Who is left alone on a day, and why: the list of cases that stops keep from contact or placement."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from duecourse.engine.frames import conform
from duecourse.kit.errors import Problem
from duecourse.ledger.selectors import PageQuery
from duecourse.ledger.selectors.rows import dicts
from duecourse.portfolio.errors import StopListMissing
from duecourse.portfolio.selectors.copying import copy_out
from duecourse.portfolio.selectors.stops import stop_reasons

_LONG, _TEXT, _DAY, _FLAG = pa.int64(), pa.string(), pa.date32(), pa.bool_()
LEFT_OUT = pa.schema(
    [
        pa.field("case_id", _LONG, nullable=False),
        pa.field("person_id", _LONG, nullable=False),
        pa.field("open_agency_id", _LONG),
        pa.field("kind", _TEXT, nullable=False),
        pa.field("stops_contact", _FLAG, nullable=False),
        pa.field("stops_placement", _FLAG, nullable=False),
        pa.field("from_on", _DAY, nullable=False),
        pa.field("until_on", _DAY),
        pa.field("source_kind", _TEXT, nullable=False),
        pa.field("source_id", _LONG, nullable=False),
        pa.field("list_name", _TEXT, nullable=False),
        pa.field("pauses_term", _FLAG, nullable=False),
        pa.field("counts_in_rate", _FLAG, nullable=False),
    ]
)
"""One row per open case and stop in force. `until_on` is the day after the last, null for open; `list_name` is '' when no list placed it.
Where no entry of a list says how it touches term and rate, the table of reasons does; a kind it lacks pauses nothing and counts."""

LOADED_COUNTS = ("row_count", "placed_count", "unchanged_count", "duplicate_count", "rejected_count", "lifted_count")
_BY_REASON = """
SELECT kind, count(DISTINCT person_id) AS person_count, count(DISTINCT person_id) FILTER (WHERE stops_contact) AS contact_count,
       count(DISTINCT person_id) FILTER (WHERE stops_placement) AS placement_count
FROM portfolio_hold WHERE creditor_id = %(creditor)s AND from_on <= %(on)s AND (until_on IS NULL OR until_on > %(on)s)
GROUP BY kind ORDER BY 2 DESC, kind
"""
_STOP_LIST = """
SELECT id AS stop_list_id, name, as_of, known_at, is_whole, counts, loaded_by FROM portfolio_stoplist
WHERE creditor_id = %(creditor)s AND id = %(stop_list)s
"""
_LEFT_OUT = """
SELECT c.id, c.person_id, c.open_agency_id, h.kind, h.stops_contact, h.stops_placement, h.from_on, h.until_on, h.source_kind,
       h.source_id, coalesce(l.name, '') AS list_name, coalesce(e.pauses_term, r.pauses_term, false) AS pauses_term,
       coalesce(e.counts_in_rate, r.counts_in_rate, true) AS counts_in_rate
FROM portfolio_hold h
JOIN portfolio_case c ON c.creditor_id = h.creditor_id AND c.person_id = h.person_id AND c.closed_on IS NULL
LEFT JOIN portfolio_stopentry e ON h.source_kind = 'stop_list' AND e.creditor_id = h.creditor_id AND e.id = h.source_id
LEFT JOIN portfolio_stoplist l ON l.creditor_id = e.creditor_id AND l.id = e.stop_list_id
LEFT JOIN unnest(%(kinds)s::text[], %(pauses)s::boolean[], %(counts)s::boolean[]) AS r (kind, pauses_term, counts_in_rate)
       ON r.kind = h.kind
WHERE h.creditor_id = %(creditor)s AND h.from_on <= %(on)s AND (h.until_on IS NULL OR h.until_on > %(on)s)
ORDER BY c.id, h.kind, h.id
"""


_STATE = """CASE WHEN h.from_on > %(today)s::date THEN 'coming' WHEN h.until_on <= %(today)s::date THEN 'ended' ELSE 'in_force' END"""
_OPEN = "h.until_on IS NULL OR h.until_on > h.from_on"
STOPS_PAGE = PageQuery(
    select=f"h.id AS hold_id, h.person_id, c.id AS case_id, coalesce(n.number, c.id::text) AS number, c.region, 'hold_' || h.kind AS kind, h.from_on, h.until_on - 1 AS last_on, {_STATE} AS state, "
    "CASE WHEN h.stops_contact AND h.stops_placement THEN 'stops_both' WHEN h.stops_contact THEN 'stops_contact' ELSE 'stops_placement' END AS scope, "
    "'source_' || h.source_kind AS source_kind, coalesce(l.name, '') AS list_name, l.id AS stop_list_id, coalesce(g.code, '') AS agency_code, "
    "coalesce(e.pauses_term, r.pauses_term, false) AS pauses_term, coalesce(e.counts_in_rate, r.counts_in_rate, true) AS counts_in_rate",
    source="""
FROM portfolio_hold h
LEFT JOIN LATERAL (
    SELECT id, region, open_agency_id FROM portfolio_case
    WHERE creditor_id = h.creditor_id AND person_id = h.person_id ORDER BY closed_on IS NOT NULL, id DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
    SELECT a.number FROM portfolio_caseaccount ca JOIN portfolio_account a ON a.creditor_id = ca.creditor_id AND a.id = ca.account_id
    WHERE ca.creditor_id = h.creditor_id AND ca.case_id = c.id ORDER BY (ca.until_on IS NULL) DESC, a.id LIMIT 1
) n ON true
LEFT JOIN parties_agency g ON g.creditor_id = h.creditor_id AND g.id = c.open_agency_id
LEFT JOIN portfolio_stopentry e ON h.source_kind = 'stop_list' AND e.creditor_id = h.creditor_id AND e.id = h.source_id
LEFT JOIN portfolio_stoplist l ON l.creditor_id = e.creditor_id AND l.id = e.stop_list_id
LEFT JOIN unnest(%(kinds)s::text[], %(pauses)s::boolean[], %(counts)s::boolean[]) AS r (kind, pauses_term, counts_in_rate) ON r.kind = h.kind
""",
    always="h.creditor_id = %(creditor_id)s",
    wheres={
        "reason": "'hold_' || h.kind = %(reason)s",
        "state": f"({_STATE}) = %(state)s",
        "scope": "CASE %(scope)s WHEN 'stops_contact' THEN h.stops_contact WHEN 'stops_placement' THEN h.stops_placement ELSE h.stops_contact AND h.stops_placement END",
        "source": "'source_' || h.source_kind = %(source)s",
        "list": "l.name = %(list)s",
        "loaded": "l.id = %(loaded)s::bigint",
        "on": f"h.from_on <= %(on)s::date AND (h.until_on IS NULL OR h.until_on > %(on)s::date) AND ({_OPEN})",
        "placed": "(c.open_agency_id IS NOT NULL) = (%(placed)s = 'yes')",
        "number": "EXISTS (SELECT 1 FROM portfolio_obligation o JOIN portfolio_account a ON a.creditor_id = o.creditor_id AND a.id = o.account_id"
        " WHERE o.creditor_id = h.creditor_id AND o.person_id = h.person_id AND a.number = %(number)s)",
    },
    orders={"from_on": "h.from_on", "last_on": "coalesce(h.until_on, 'infinity'::date)::text", "hold": "h.id"},
    key="h.id",
)
"""One row per stop, past, present and coming, with the debtor's newest case. Its parameters are `stops_parameters`."""

STOP_LISTS_PAGE = PageQuery(
    select="l.id AS stop_list_id, l.name, l.as_of, l.known_at, l.is_whole, "
    + ", ".join(f"coalesce((l.counts->>'{name}')::bigint, 0) AS {name}" for name in LOADED_COUNTS),
    source="FROM portfolio_stoplist l",
    always="l.creditor_id = %(creditor_id)s",
    wheres={"list": "l.name = %(list)s", "day": "l.as_of = %(day)s::date"},
    orders={"known_at": "l.known_at", "as_of": "l.as_of"},
    key="l.id",
)
"""The stop lists that were loaded."""


def stops_parameters(*, today: date) -> dict[str, Any]:
    """Return the parameters of STOPS_PAGE: the day, and how each reason touches term and rate where no entry says so."""
    reasons = list(stop_reasons().values())
    return {
        "today": today,
        "kinds": [reason.code for reason in reasons],
        "pauses": [reason.pauses_term for reason in reasons],
        "counts": [reason.counts_in_rate for reason in reasons],
    }


def stops_by_reason(*, creditor_id: int, on: date) -> list[dict[str, Any]]:
    """Return how many debtors each reason stops on a day, as {kind, person_count, contact_count, placement_count}, the most first."""
    return dicts(_BY_REASON, creditor=creditor_id, on=on)


def stop_list_page(*, creditor_id: int, stop_list_id: int) -> dict[str, Any]:
    """Return what came of one stop list: its facts, counts and the first rejected rows as `problems`.

    Raises:
        StopListMissing: there is none.
    """
    found = dicts(_STOP_LIST, creditor=creditor_id, stop_list=stop_list_id)
    if not found:
        raise StopListMissing(entity="stop list")
    listed = found[0]
    return listed | {"problems": [Problem(**record) for record in listed["counts"].pop("sample", [])]}


def stop_list_names(*, creditor_id: int) -> list[str]:
    """Return the names of the stop lists there are."""
    query = "SELECT DISTINCT name FROM portfolio_stoplist WHERE creditor_id = %(creditor)s ORDER BY name LIMIT 200"
    return [row["name"] for row in dicts(query, creditor=creditor_id)]


def left_out(*, creditor_id: int, on: date) -> pa.Table:
    """Return the open cases that stops leave alone on a day, and why, as LEFT_OUT in order of case; an agency sees its own."""
    reasons = stop_reasons().values()
    wanted = {
        "creditor": creditor_id,
        "on": on,
        "kinds": [reason.code for reason in reasons],
        "pauses": [reason.pauses_term for reason in reasons],
        "counts": [reason.counts_in_rate for reason in reasons],
    }
    return conform(copy_out(_LEFT_OUT, wanted, schema=LEFT_OUT), LEFT_OUT, name="LEFT_OUT")
