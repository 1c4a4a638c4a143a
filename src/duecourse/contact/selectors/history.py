"""A creditor's own contacts as a history, in the form that the audit and the what-if read."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from duecourse.contact.services.grounds import RULE_KINDS
from duecourse.portfolio.selectors.copying import copy_out

EVENTS = pa.schema(
    [
        pa.field("event_id", pa.int64(), nullable=False),
        pa.field("at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("contact_point_id", pa.int64()),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("performer", pa.string(), nullable=False),
        pa.field("performer_kind", pa.string(), nullable=False),
        pa.field("zone", pa.string()),
        pa.field("outcome", pa.string()),
        pa.field("talk_seconds", pa.int64()),
        pa.field("lender_class", pa.string()),
        pa.field("product_class", pa.string()),
    ]
)
"""One row per permit: the event is the permit's number, the instant is the one it was asked for, the outcome is null while unreported."""

_KINDS = " ".join(f"WHEN '{kind}' THEN '{word}'" for kind, word in RULE_KINDS.items())
_EVENTS = f"""
SELECT p.id, (extract(epoch FROM p.contact_at) * 1000000)::bigint, p.person_id, p.contact_point_id, p.channel, ag.code, CASE ag.kind {_KINDS} END,
       p.explanation ->> 'zone', a.outcome, a.talk_seconds, p.explanation ->> 'lender_class', p.explanation ->> 'product_class'
FROM contact_permit p
JOIN parties_agency ag ON ag.creditor_id = p.creditor_id AND ag.id = p.performer_id
LEFT JOIN contact_attempt a ON a.creditor_id = p.creditor_id AND a.permit_id = p.id
WHERE p.creditor_id = %(creditor)s AND p.local_on >= %(from)s AND p.local_on < %(until)s
"""  # noqa: S608 - words of the room


def events_frame(*, creditor_id: int, from_on: date, until_on: date) -> pa.Table:
    """Return a creditor's permits whose local day lies in [from_on, until_on), with what was reported, over all performers, as `EVENTS`.

    Zone, lender and product are those that the gate decided with. No name, number or note is among the columns; persons, numbers and
    addresses are the creditor's own keys. Rows come by COPY into columns, in no order.
    """
    wanted = {"creditor": creditor_id, "from": from_on, "until": until_on}
    micros = EVENTS.set(EVENTS.get_field_index("at"), pa.field("at", pa.int64()))
    table = copy_out(_EVENTS, wanted, schema=micros)
    at = table["at"].cast(pa.timestamp("us", "UTC"))
    return table.set_column(EVENTS.get_field_index("at"), EVENTS.field("at"), at).cast(EVENTS)
