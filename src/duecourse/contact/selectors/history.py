"""A creditor's own contacts as a history, in the form that the audit and the what-if read, with the papers under which each was decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection
from numpy.typing import NDArray

from duecourse.contact.services.grounds import RULE_KINDS
from duecourse.contact.services.papers import overlays_of
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.models import Creditor
from duecourse.portfolio.selectors.copying import copy_out
from duecourse.rules.events import PAPERS
from duecourse.rules.form import Overlay, Unit
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

_READ = pa.schema(
    [
        *(pa.field("at", pa.int64()) if field.name == "at" else field for field in EVENTS),
        pa.field("performer_id", pa.int64()),
        pa.field("local_on", pa.date32()),
        pa.field("decided_at", pa.int64()),
        pa.field("facts", pa.string()),
    ]
)
_MICROS = "(extract(epoch FROM {at}) * 1000000)::bigint"
_KINDS = " ".join(f"WHEN '{kind}' THEN '{word}'" for kind, word in RULE_KINDS.items())
_ROW = f"""{_MICROS.format(at="p.contact_at")}, p.person_id, p.contact_point_id, p.channel, ag.code, CASE ag.kind {_KINDS} END,
       p.explanation ->> 'zone', {{outcome}}, p.explanation ->> 'lender_class', p.explanation ->> 'product_class', p.performer_id,
       coalesce(p.local_on, (p.contact_at AT TIME ZONE 'UTC')::date), {_MICROS.format(at="p.decided_at")},
       (SELECT jsonb_object_agg(f.key, f.value) FROM (SELECT t.key, t.value FROM jsonb_each(p.explanation -> 'facts') t
            UNION ALL SELECT t.key, t.value FROM jsonb_array_elements(p.explanation -> 'checked') c CROSS JOIN jsonb_each(c -> 'facts') t) f
        WHERE f.key = ANY(%(facts)s) AND NOT jsonb_exists(p.explanation -> 'assumed', f.key))"""  # noqa: S608 - words of the room
_PERMITS = f"""
SELECT p.id, {_ROW.format(outcome="a.outcome, a.talk_seconds")}
FROM contact_permit p
JOIN parties_agency ag ON ag.creditor_id = p.creditor_id AND ag.id = p.performer_id
LEFT JOIN contact_attempt a ON a.creditor_id = p.creditor_id AND a.permit_id = p.id AND a.local_on = p.local_on
    AND a.local_on >= %(from)s AND a.local_on < %(until)s
WHERE p.creditor_id = %(creditor)s AND p.local_on >= %(from)s AND p.local_on < %(until)s
"""  # noqa: S608 - words of the room
_REFUSALS = f"""
SELECT -p.id, {_ROW.format(outcome="'not_made', NULL::integer")}
FROM contact_refusal p
JOIN parties_agency ag ON ag.creditor_id = p.creditor_id AND ag.id = p.performer_id
WHERE p.creditor_id = %(creditor)s AND coalesce(p.local_on, (p.contact_at AT TIME ZONE 'UTC')::date) >= %(from)s
  AND coalesce(p.local_on, (p.contact_at AT TIME ZONE 'UTC')::date) < %(until)s
"""  # noqa: S608 - words of the room
_PAPERS = """
SELECT z.id, z.code, z.number, z.content_hash, z.effective_on, z.is_end, z.layer, z.agency_id, z.person_id, a.at
FROM contact_paper z
JOIN parties_approval a ON a.creditor_id = z.creditor_id AND a.subject_kind = 'paper' AND a.subject_id = z.id AND a.is_granted
WHERE z.creditor_id = %(creditor)s AND z.effective_on < %(until)s ORDER BY z.id
"""


@dataclass(frozen=True, slots=True)
class Past:
    """A creditor's own contacts of some days, and what bound them beside the packs.

    Attributes:
        events: the log: `EVENTS`, a column for each fact that the gate was given, and `paper_key`.
        papers: by `paper_key` the papers that the gate went by: in force on the contact's local day, and approved before it was decided.
    """

    events: pa.Table
    papers: Mapping[int, tuple[Overlay, ...]]


def past_of(*, creditor_id: int, from_on: date, until_on: date, has_refusals: bool = False) -> Past:
    """Return a creditor's contacts whose local day lies in [from_on, until_on), each with the papers under which it was decided.

    Call it inside `acting`, on the creditor's side. A paper that was approved, ended or written anew since changes nothing of what came
    before: of each code the newest version counts that another person had approved before the instant of the decision and that had begun by the
    contact's local day, as at the gate.

    Args:
        creditor_id: the creditor that is open.
        from_on: the first local day.
        until_on: the day after the last.
        has_refusals: add what the gate refused, as events that were not made and count for nothing, by the refusal's number below zero.
    """
    units = _units(creditor_id)
    table = _read(creditor_id, from_on, until_on, facts=units, has_refusals=has_refusals)
    keys, papers = _papers_of(table, creditor_id=creditor_id, until_on=until_on)
    return Past(_events(table, units=units).append_column(PAPERS, keys), papers)


def events_frame(*, creditor_id: int, from_on: date, until_on: date) -> pa.Table:
    """Return a creditor's permits whose local day lies in [from_on, until_on), with what was reported, over all performers.

    The columns are those of `EVENTS`, and one of whole numbers for each stated or recorded fact that the gate was given for any of them,
    null where it was not. Zone, lender, product and facts are those that the gate decided with. No name, number or note is among the
    columns; persons, numbers and addresses are the creditor's own keys. Rows come by COPY into columns, in no order.
    """
    units = _units(creditor_id)
    return _events(_read(creditor_id, from_on, until_on, facts=units, has_refusals=False), units=units)


def _units(creditor_id: int) -> dict[str, Unit]:
    """Return the unit of each stated and recorded fact of the creditor's packs."""
    packs: list[str] = next(iter(Creditor.objects.filter(pk=creditor_id).values_list("packs", flat=True)), [])
    vocabulary = vocabulary_of(tuple(shipped_pack(name) for name in packs))
    return {name: fact.unit for name, fact in vocabulary.facts.items() if fact.source in (Source.stated, Source.record)}


def _read(creditor_id: int, from_on: date, until_on: date, *, facts: Iterable[str], has_refusals: bool) -> pa.Table:
    wanted = {"creditor": creditor_id, "from": from_on, "until": until_on, "facts": list(facts)}
    return copy_out(f"{_PERMITS} UNION ALL {_REFUSALS}" if has_refusals else _PERMITS, wanted, schema=_READ)


def _events(table: pa.Table, *, units: Mapping[str, Unit]) -> pa.Table:
    """Return the rows in the declared form, and what the gate was given as columns."""
    place = EVENTS.get_field_index("at")
    at, told = table["at"].cast(pa.timestamp("us", "UTC")), table["facts"].dictionary_encode().combine_chunks()
    events = table.set_column(place, EVENTS.field("at"), at).select(EVENTS.names).cast(EVENTS)
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


def _papers_of(table: pa.Table, *, creditor_id: int, until_on: date) -> tuple[pa.Array, dict[int, tuple[Overlay, ...]]]:
    """Return the key of each row's papers, int64[n], null where none bound it, and the papers by key.

    What binds changes only where a paper begins or is approved, so rows of one performer, one debtor with papers of its own and one span
    between such days and instants have one set, which is looked for once.
    """
    versions = dicts(_PAPERS, creditor=creditor_id, until=until_on)
    if not versions or not table.num_rows:
        return pa.nulls(table.num_rows, pa.int64()), {}
    parties = [np.asarray([row[name] or 0 for row in versions], dtype=np.int64) for name in ("agency_id", "person_id")]
    performers, persons = table["performer_id"].to_numpy(), table["person_id"].to_numpy()
    begins = np.unique(np.asarray([row["effective_on"] for row in versions], dtype="datetime64[D]"))
    grants = np.unique(np.asarray([_micros(row["at"]) for row in versions], dtype=np.int64))
    of_row = np.stack(
        [
            np.where(np.isin(performers, parties[0]), performers, 0),
            np.where(np.isin(persons, parties[1]), persons, 0),
            np.searchsorted(begins, table["local_on"].to_numpy().astype("datetime64[D]"), side="right"),
            np.searchsorted(grants, table["decided_at"].to_numpy(), side="left"),
        ],
        axis=1,
    )
    distinct, which = np.unique(of_row, axis=0, return_inverse=True)
    sets = [_binding(versions, row, begins=begins, grants=grants) for row in distinct]
    known = {found: number for number, found in enumerate(dict.fromkeys(one for one in sets if one))}
    with connection.cursor() as cursor:
        papers = {number: tuple(overlays_of(cursor, creditor_id=creditor_id, papers=found)) for found, number in known.items()}
    return pa.array([known.get(one) for one in sets], pa.int64()).take(pa.array(which.reshape(-1))), papers


def _binding(
    versions: Iterable[Mapping[str, Any]], row: NDArray[np.int64], *, begins: NDArray[Any], grants: NDArray[np.int64]
) -> tuple[tuple[int, str], ...]:
    """Return number and hash of the papers of one set, as `Known.papers_on` finds them."""
    performer, person, begun_count, granted_count = row.tolist()
    newest: dict[str, Mapping[str, Any]] = {}
    for version in sorted(versions, key=lambda one: (one["code"], one["number"])):
        is_party = version["layer"] == "creditor_policy" or (version["agency_id"] or version["person_id"]) in _party(
            version, performer, person
        )
        is_begun = begun_count and np.datetime64(version["effective_on"], "D") <= begins[begun_count - 1]
        if is_party and is_begun and granted_count and _micros(version["at"]) <= grants[granted_count - 1]:
            newest[version["code"]] = version
    return tuple(sorted((one["id"], one["content_hash"]) for one in newest.values() if not one["is_end"]))


def _party(version: Mapping[str, Any], performer: int, person: int) -> Sequence[int]:
    return (performer,) if version["agency_id"] is not None else (person,)


def _micros(instant: Any) -> int:
    return int(np.datetime64(instant.replace(tzinfo=None) - instant.utcoffset(), "us").astype(np.int64))
