"""Who is left alone on a day, and why: the list of cases that stops keep from contact or placement."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from duecourse.engine.frames import conform
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
