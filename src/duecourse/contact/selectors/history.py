"""A creditor's own contacts as a history, in the form that the audit and the what-if read."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa

from duecourse.contact.services.grounds import RULE_KINDS
from duecourse.parties.models import Creditor
from duecourse.portfolio.selectors.copying import copy_out
from duecourse.rules.form import Unit
from duecourse.rules.load import shipped_pack
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.vocabulary import Source

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
       p.explanation ->> 'zone', a.outcome, a.talk_seconds, p.explanation ->> 'lender_class', p.explanation ->> 'product_class',
       (SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_array_elements(p.explanation -> 'checked') c CROSS JOIN jsonb_each(c -> 'facts') f
        WHERE f.key = ANY(%(facts)s) AND NOT jsonb_exists(p.explanation -> 'assumed', f.key))
FROM contact_permit p
JOIN parties_agency ag ON ag.creditor_id = p.creditor_id AND ag.id = p.performer_id
LEFT JOIN contact_attempt a ON a.creditor_id = p.creditor_id AND a.permit_id = p.id
WHERE p.creditor_id = %(creditor)s AND p.local_on >= %(from)s AND p.local_on < %(until)s
"""  # noqa: S608 - words of the room


def events_frame(*, creditor_id: int, from_on: date, until_on: date) -> pa.Table:
    """Return a creditor's permits whose local day lies in [from_on, until_on), with what was reported, over all performers.

    The columns are those of `EVENTS`, and one of whole numbers for each stated or recorded fact that the gate was given for any of them,
    null where it was not. Zone, lender, product and facts are those that the gate decided with. No name, number or note is among the
    columns; persons, numbers and addresses are the creditor's own keys. Rows come by COPY into columns, in no order.
    """
    packs = next(iter(Creditor.objects.filter(pk=creditor_id).values_list("packs", flat=True)), [])
    vocabulary = vocabulary_of(tuple(shipped_pack(name) for name in packs))
    units = {name: fact.unit for name, fact in vocabulary.facts.items() if fact.source in (Source.stated, Source.record)}
    wanted = {"creditor": creditor_id, "from": from_on, "until": until_on, "facts": list(units)}
    place = EVENTS.get_field_index("at")
    table = copy_out(_EVENTS, wanted, schema=EVENTS.set(place, pa.field("at", pa.int64())).append(pa.field("facts", pa.string())))
    at, told = table["at"].cast(pa.timestamp("us", "UTC")), table["facts"].dictionary_encode().combine_chunks()
    events = table.set_column(place, EVENTS.field("at"), at).drop_columns(["facts"]).cast(EVENTS)
    documents = [json.loads(text) for text in told.dictionary.to_pylist()]
    for name in sorted({name for document in documents for name in document}):
        values = pa.array([_number(document.get(name), unit=units[name]) for document in documents], pa.int64())
        events = events.append_column(name, values.take(told.indices))
    return events


def _number(shown: str | None, *, unit: Unit) -> int | None:
    """Return the whole number that an explanation shows, as `Unit.show` wrote it."""
    if shown is None or unit is not Unit.minute_of_day:
        return None if shown is None else int(shown)
    hours, minutes = shown.split(":")
    return int(hours) * 60 + int(minutes)
