"""What of the trail becomes an event, for whom, and what it says: numbers, codes and counts, nothing personal.

The sealed trail is the source: positions have no gaps and nothing joins them late, so a webhook that keeps its position misses nothing and
is told nothing twice under another number. One entry of the trail may concern several agencies; each gets its own part and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duecourse.contact.models import Refusal
from duecourse.kit.ids import content_hash
from duecourse.ledger.selectors.rows import dicts
from duecourse.placement.models import Batch
from duecourse.settlement.models import Statement

NUMBERS_MAX = 500
"""A list of numbers in an event is cut here; its count is whole, and the API has the rows."""
_STATEMENT_STEPS = ("drafted", "agreed", "disputed", "approved", "frozen")
_ENDINGS = ("recalled", "returned", "swapped", "term_ended", "closed")


@dataclass(frozen=True, slots=True)
class Part:
    """What an entry of the trail says to one agency and the creditor, or with no agency to the creditor alone."""

    kind: str
    agency_id: int | None
    content: dict[str, Any]


Source = Mapping[str, Any]
Read = Callable[[int, Source], Iterator[Part]]


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads one kind of entry, and the kinds of events it may give."""

    kinds: tuple[str, ...]
    read: Read


def actions_of(kinds: Collection[str]) -> list[str]:
    """Return the kinds of entries out of which events of these kinds come."""
    return [action for action, reader in READERS.items() if not set(kinds).isdisjoint(reader.kinds)]


def events_of(source: Source, *, creditor_id: int, creditor_code: str) -> list[dict[str, Any]]:
    """Return the events of one sealed entry, one for each side that it concerns; call it inside `acting` of the system.

    Guarantees: the same entry gives events with the same ids.
    """
    return [
        {
            "id": f"evt_{creditor_id}_{source['position']}_{part.agency_id or 0}",
            "type": part.kind,
            "sequence": source["position"],
            "occurred_at": source["at"].isoformat(),
            "creditor": creditor_code,
            "agency_id": part.agency_id,
            "subject": {"kind": source["subject_kind"], "id": source["subject_id"]},
            "data": part.content,
        }
        for part in READERS[source["action"]].read(creditor_id, source)
    ]


def _of_batch(kind: str, *names: str) -> Reader:
    def read(creditor_id: int, source: Source) -> Iterator[Part]:
        batch = Batch.objects.filter(creditor_id=creditor_id, pk=source["subject_id"]).first()
        if batch is not None:
            content = {"batch_id": batch.pk, "code": batch.code, "case_count": batch.case_count, "term_until_on": str(batch.term_until_on)}
            yield Part(kind, batch.agency_id, content | _named(source, *names))

    return Reader((kind,), read)


def _of_statement(kind: str) -> Reader:
    def read(creditor_id: int, source: Source) -> Iterator[Part]:
        row = Statement.objects.filter(creditor_id=creditor_id, pk=source["subject_id"]).first()
        if row is not None:
            yield Part(kind, row.agency_id, {"statement_id": row.pk, "contract_id": row.contract_id, "month": row.month})

    return Reader((kind,), read)


def _refused(creditor_id: int, source: Source) -> Iterator[Part]:
    row = Refusal.objects.filter(creditor_id=creditor_id, pk=source["subject_id"]).first()
    if row is not None:
        content = {"refusal_id": row.pk, "case_id": row.case_id, "channel": row.channel, "client_request_id": row.client_request_id}
        next_at = row.next_allowed_at.isoformat() if row.next_allowed_at else None
        # Its codes stay here: one of them may be the debtor's own affair, and whoever asked was told.
        yield Part("permit.refused", row.performer_id, content | {"next_allowed_at": next_at})


# The rows of a set of moves carry its number (a recall without a final day passes through "pending" on its way and is told as ended only); endings outside a set are found by the hash over their numbers that the trail holds.
_OF_SET = """
    SELECT p.agency_id, t.status, array_agg(t.placement_id ORDER BY t.placement_id) AS ids, max(t.last_on) AS last_on
    FROM placement_placementtransition t JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
    WHERE t.creditor_id = %(creditor)s AND t.move_set_id = %(subject)s AND t.status = ANY (%(statuses)s)
      AND (t.status <> 'recall_pending' OR t.last_on IS NOT NULL)
    GROUP BY p.agency_id, t.status ORDER BY p.agency_id, t.status
"""
_ENDED_TOGETHER = """
    SELECT array_agg(placement_id ORDER BY placement_id) AS ids FROM placement_placementtransition
    WHERE creditor_id = %(creditor)s AND status = %(status)s AND known_at BETWEEN %(at)s - interval '1 hour' AND %(at)s
    GROUP BY known_at, move_set_id ORDER BY known_at DESC
"""
_BY_AGENCY = """
    SELECT agency_id, array_agg(id ORDER BY id) AS ids FROM placement_placement
    WHERE creditor_id = %(creditor)s AND id = ANY (%(ids)s) GROUP BY agency_id ORDER BY agency_id
"""


def _moved(*statuses: str) -> Reader:
    def read(creditor_id: int, source: Source) -> Iterator[Part]:
        for row in dicts(_OF_SET, creditor=creditor_id, subject=source["subject_id"], statuses=list(statuses)):
            content = _numbers("placement", row["ids"]) | {"reason_code": source["details"].get("reason_code", "")}
            content |= {"move_set_id": source["subject_id"], "last_on": str(row["last_on"]) if row["last_on"] else None}
            yield Part(f"placements.{row['status']}", row["agency_id"], content)

    return Reader(tuple(f"placements.{status}" for status in statuses), read)


def _ended(status: str) -> Reader:
    def read(creditor_id: int, source: Source) -> Iterator[Part]:
        ids = _ended_ids(creditor_id, source, status)
        for row in dicts(_BY_AGENCY, creditor=creditor_id, ids=ids):
            yield Part("placements.ended", row["agency_id"], {"status": status} | _numbers("placement", row["ids"]))

    return Reader(("placements.ended",), read)


def _ended_ids(creditor_id: int, source: Source, status: str) -> list[int]:
    if source["subject_kind"] == "placement":
        return [source["subject_id"]]
    wanted = source["details"].get("placements_hash")
    for row in dicts(_ENDED_TOGETHER, creditor=creditor_id, status=status, at=source["at"]):
        if content_hash(row["ids"]) == wanted:
            return row["ids"]
    return []


# A hold tells an agency which of its cases to leave alone, not why: the reason may be the debtor's own affair.
_CASES_OF_PERSONS = """
    SELECT c.open_agency_id AS agency_id, array_agg(DISTINCT c.id ORDER BY c.id) AS ids
    FROM portfolio_case c
    WHERE c.creditor_id = %(creditor)s AND c.closed_on IS NULL AND c.person_id IN ({persons})
    GROUP BY c.open_agency_id ORDER BY c.open_agency_id
"""


def _held(kind: str, persons: str) -> Reader:
    query = _CASES_OF_PERSONS.format(persons=persons)

    def read(creditor_id: int, source: Source) -> Iterator[Part]:
        for row in dicts(query, creditor=creditor_id, subject=source["subject_id"]):
            yield Part(kind, row["agency_id"], _numbers("case", row["ids"]))

    return Reader((kind,), read)


def _for_creditor(kind: str, *names: str) -> Reader:
    def read(creditor_id: int, source: Source) -> Iterator[Part]:
        yield Part(kind, None, _named(source, *names))

    return Reader((kind,), read)


def _named(source: Source, *names: str) -> dict[str, Any]:
    return {name: source["details"][name] for name in names if name in source["details"]}


def _numbers(what: str, ids: list[int]) -> dict[str, Any]:
    return {f"{what}_count": len(ids), f"{what}_ids": ids[:NUMBERS_MAX]}


READERS: dict[str, Reader] = {
    "batch_handed_over": _of_batch("batch.handed_over", "row_count", "sha256"),
    "batch_accepted": _of_batch("batch.accepted"),
    "batch_disputed": _of_batch("batch.disputed", "reason_code"),
    "moves_applied": _moved("extended", "recall_pending"),
    "moves_undone": _moved("recall_cancelled"),
    **{f"placement_{status}": _ended(status) for status in _ENDINGS},
    **{f"statement_{step}": _of_statement(f"statement.{step}") for step in _STATEMENT_STEPS},
    "refusal_given": Reader(("permit.refused",), _refused),
    "hold_placed": _held("hold.placed", "%(subject)s"),
    "hold_lifted": _held("hold.lifted", "%(subject)s"),
    "stop_list_loaded": _held(
        "stops.loaded",
        "SELECT e.person_id FROM portfolio_stopentry e WHERE e.creditor_id = %(creditor)s AND e.stop_list_id = %(subject)s",
    ),
    "allocation_published": _for_creditor("allocation.published", "placed_on", "placed_count", "withheld_count", "batches"),
    "case_closed": _for_creditor("case.closed", "on"),
    "complaint_received": _for_creditor("complaint.received", "case_id"),
    "dispute_opened": _for_creditor("dispute.opened", "case_id"),
    "tape_published": _for_creditor("feed.received", "counts"),
    "payments_recorded": _for_creditor("payments.recorded", "payment_count", "reversal_count", "duplicate_count", "suspense_count"),
    "run_closed": _for_creditor("month.closed", "month"),
}
"""What reads each kind of entry; entries of other kinds are no events."""
