"""The byte form of the trail, and the proof that nobody changed it.

Form 1: the hash of a seal is the SHA-256 of `kit.ids.canonical_bytes` of

    {"version": 1, "position": …, "previous": hex of the hash before, "sealed_at": …, "event": {all columns of the event}}

The hash before the first position is 32 zero bytes. Golden vectors pin the form (tests/golden/audit_v1.json); a new form gets a new
number and leaves the old one readable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from duecourse.kit.errors import fill
from duecourse.kit.ids import NotCanonical, canonical_bytes
from duecourse.ledger.models import AuditEvent
from duecourse.ledger.selectors.rows import dicts

Progress = Callable[[int, int, str], None]

VERSION = 1
FIRST_PREVIOUS = bytes(32)
_INSTANT = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
EVENT_COLUMNS = (
    f"e.id, e.creditor_id, {_INSTANT.format('e.at')}, e.actor_id, e.agency_id, e.action, e.subject_kind, e.subject_id, e.details::text"
)
_EVENT_FIELDS = ("id", "creditor_id", "at", "actor_id", "agency_id", "action", "subject_kind", "subject_id", "details")
_ROWS_AT_ONCE = 5000

MISSING = "its position is missing: {count} rows before it were removed or moved"
TWICE = "its position stands twice"
NO_EVENT = "the event it seals is gone"
UNKNOWN_FORM = "it has an unknown byte form"
UNLINKED = "it does not follow the row before it"
CHANGED = "the event or the seal was changed"
CUT_OFF = "the trail ends at position {position}, before the head that was kept"
OTHER_HEAD = "it is not the head that was kept"


class Head(NamedTuple):
    """The end of a chain, as somebody keeps it elsewhere.

    Attributes:
        position: the last position.
        hash: its hash, 64 hexadecimal digits.
    """

    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """The first row at which the trail is not what was sealed.

    Attributes:
        position: the position in the chain that is wrong or missing.
        event_id: the event of the seal found there, or None.
        reason: English template, also the translation key.
        parameters: values of the template's named places.
    """

    position: int
    event_id: int | None
    reason: str
    parameters: dict[str, int]

    def message(self) -> str:
        """Return one English line that names the row."""
        event = f" (event {self.event_id})" if self.event_id is not None else ""
        return f"position {self.position}{event}: {fill(self.reason, self.parameters)}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along a creditor's chain found.

    Attributes:
        sealed_count: seals that are right, from the first on.
        unsealed_count: events that no seal covers yet: nothing is proved about them.
        head_position: position of the last right seal, 0 for an empty chain.
        head_hash: its hash in hexadecimal, '' for an empty chain. Keep both elsewhere: they are what a cut-off tail is found by.
        first_bad: the first wrong row, or None.
    """

    sealed_count: int
    unsealed_count: int
    head_position: int
    head_hash: str
    first_bad: BadRow | None

    @property
    def is_whole(self) -> bool:
        """True when no row is wrong."""
        return self.first_bad is None


@dataclass(frozen=True, slots=True)
class Proof:
    """How one event stands in the trail.

    Attributes:
        event_id: its number.
        at: when it happened, as its writer told.
        actor_id: who did it, 0 for the system.
        details: ids, counts and commitments.
        position: of its seal in the creditor's chain, 0 while it is not sealed.
        hash: of its seal in hexadecimal, '' while it is not sealed.
        sealed_at: canonical text, '' while it is not sealed.
        is_right: whether the seal's hash, computed anew, is the one that stands there. That nobody wrote the whole chain anew is shown by
            `audit_verify` against a head kept elsewhere.
    """

    event_id: int
    at: datetime
    actor_id: int
    details: dict[str, Any]
    position: int
    hash: str
    sealed_at: str
    is_right: bool


def event_of(row: tuple[Any, ...], *, parse: Callable[[str], Any]) -> dict[str, Any]:
    """Return an event as it is hashed, from a row of `EVENT_COLUMNS` whose details are JSON text."""
    event = dict(zip(_EVENT_FIELDS, row, strict=True))
    return event | {"details": parse(event["details"])}


def seal_hash(*, version: int, position: int, previous: bytes, sealed_at: datetime | str, event: Mapping[str, Any]) -> bytes:
    """Return the 32 bytes of a seal's hash in the form of this version.

    Args:
        version: the byte form; only 1 exists.
        position: 1, 2, 3 … within the creditor's chain.
        previous: hash of the position before, 32 zero bytes for the first.
        sealed_at: aware instant, or its canonical text.
        event: all columns of the event; `at` an aware instant or its canonical text.

    Raises:
        NotCanonical: the event holds what has no canonical form, such as a float.
    """
    form = {"version": version, "position": position, "previous": previous.hex(), "sealed_at": sealed_at, "event": event}
    return hashlib.sha256(canonical_bytes(form)).digest()


def audit_verify(
    *,
    creditor_id: int,
    expected_head: tuple[int, str] | None = None,
    expected_heads: Iterable[tuple[int, str]] = (),
    progress: Progress | None = None,
) -> Verification:
    """Walk a creditor's chain from the first position, compute every hash anew, and name the first row that is wrong.

    Finds a changed event, a changed seal, an event or a seal that was removed, seals that changed places, and, given heads that were
    kept elsewhere, a tail that was cut off or written anew. Memory stays flat: rows are streamed.

    Args:
        creditor_id: the creditor that is open in this transaction, or 0 for the platform.
        expected_head: a position of this chain and its hash (a `Head`), kept elsewhere.
        expected_heads: several such heads, for example of all closed months.
        progress: called now and then with (seals walked, all seals, '').
    """
    kept = dict([*expected_heads, expected_head] if expected_head else expected_heads)
    total = _seal_count(creditor_id) if progress else 0
    position, previous, first_bad = 0, FIRST_PREVIOUS, None
    for seal in _seals(creditor_id):
        first_bad = _fault(seal, expected=position + 1, previous=previous)
        if first_bad is None and kept.get(seal.position, seal.hash.hex()) != seal.hash.hex():
            first_bad = BadRow(seal.position, seal.event_id, OTHER_HEAD, {})
        if first_bad:
            break
        position, previous = seal.position, seal.hash
        if progress and position % _ROWS_AT_ONCE == 0:
            progress(position, total, "")
    if first_bad is None and position < max(kept, default=0):
        first_bad = BadRow(position + 1, None, CUT_OFF, {"position": position})
    return Verification(
        sealed_count=position,
        unsealed_count=_unsealed_count(creditor_id),
        head_position=position,
        head_hash=previous.hex() if position else "",
        first_bad=first_bad,
    )


def seal_position(*, creditor_id: int) -> int:
    """Return the position of a creditor's newest seal, 0 when there is none."""
    query = "SELECT coalesce(max(position), 0) AS position FROM ledger_seal WHERE creditor_id = %(creditor_id)s"
    return int(dicts(query, creditor_id=creditor_id)[0]["position"])


def sealed_events(*, creditor_id: int, after: int, until: int, actions: Sequence[str]) -> list[dict[str, Any]]:
    """Return the sealed events of some actions behind a position, up to another one and in their order, with position and details.

    Positions have no gaps and no event joins an earlier one late, so whoever keeps the last position misses nothing.
    """
    query = """
        SELECT s.position, e.at, e.action, e.subject_kind, e.subject_id, e.agency_id, e.details
        FROM ledger_seal s JOIN ledger_auditevent e ON e.id = s.event_id
        WHERE s.creditor_id = %(creditor_id)s AND s.position > %(after)s AND s.position <= %(until)s AND e.action = ANY (%(actions)s)
        ORDER BY s.position
    """
    return dicts(query, creditor_id=creditor_id, after=after, until=until, actions=list(actions))


def event_count(*, creditor_id: int, subject_kind: str, subject_id: int, action: str, since_at: datetime) -> int:
    """Return how often something happened to one row since an instant."""
    found = AuditEvent.objects.filter(creditor_id=creditor_id, subject_kind=subject_kind, subject_id=subject_id)
    return found.filter(action=action, at__gte=since_at).count()


def event_details(*, creditor_id: int, subject_kind: str, subject_id: int, action: str) -> list[dict[str, Any]]:
    """Return the details of every time something happened to one row, oldest first."""
    found = AuditEvent.objects.filter(creditor_id=creditor_id, subject_kind=subject_kind, subject_id=subject_id, action=action)
    return list(found.order_by("id").values_list("details", flat=True))


def event_proof(*, creditor_id: int, subject_kind: str, subject_id: int, action: str) -> Proof | None:
    """Return how the first event of an action on one row stands in the trail, its link computed anew, or None when there is none."""
    query = f"""
        SELECT e.id, e.at, e.actor_id, e.details::text, s.position, s.event_id, s.version, s.previous_hash, s.hash,
            {_INSTANT.format("s.sealed_at")}, {EVENT_COLUMNS}
        FROM ledger_auditevent e LEFT JOIN ledger_seal s ON s.event_id = e.id AND s.creditor_id = e.creditor_id
        WHERE e.creditor_id = %s AND e.subject_kind = %s AND e.subject_id = %s AND e.action = %s ORDER BY e.id LIMIT 1
    """  # noqa: S608 - names of columns
    with connection.cursor() as cursor:
        cursor.execute(query, [creditor_id, subject_kind, subject_id, action])
        row = cursor.fetchone()
    if row is None:
        return None
    event_id, at, actor_id, details, position = row[:5]
    if position is None:
        return Proof(event_id, at, actor_id, json.loads(details), 0, "", "", is_right=False)
    seal = _Seal(position, row[5], row[6], bytes(row[7]), bytes(row[8]), row[9], row[10:])
    is_right = _fault(seal, expected=position, previous=seal.previous_hash) is None
    return Proof(event_id, at, actor_id, json.loads(details), position, seal.hash.hex(), seal.sealed_at, is_right=is_right)


class _Seal(NamedTuple):
    position: int
    event_id: int
    version: int
    previous_hash: bytes
    hash: bytes
    sealed_at: str
    event: tuple[Any, ...]


def _fault(seal: _Seal, *, expected: int, previous: bytes) -> BadRow | None:
    if seal.position > expected:
        return BadRow(expected, None, MISSING, {"count": seal.position - expected})
    reason = ""
    if seal.position < expected:
        reason = TWICE
    elif seal.event[0] is None:
        reason = NO_EVENT
    elif seal.version != VERSION:
        reason = UNKNOWN_FORM
    elif seal.previous_hash != previous:
        reason = UNLINKED
    elif not _is_right(seal, previous):
        reason = CHANGED
    return BadRow(seal.position, seal.event_id, reason, {}) if reason else None


def _is_right(seal: _Seal, previous: bytes) -> bool:
    try:
        event = event_of(seal.event, parse=json.loads)
        computed = seal_hash(version=seal.version, position=seal.position, previous=previous, sealed_at=seal.sealed_at, event=event)
    except (NotCanonical, ValueError):
        return False
    return computed == seal.hash


def _seals(creditor_id: int) -> Iterator[_Seal]:
    """Yield the creditor's seals in order of position with their events, streamed by a cursor of the server.

    The join is over whole tables; a nested loop, which the planner takes while its statistics are young, would be quadratic.
    """
    query = f"""
        SELECT s.position, s.event_id, s.version, s.previous_hash, s.hash, {_INSTANT.format("s.sealed_at")}, {EVENT_COLUMNS}
        FROM ledger_seal s LEFT JOIN ledger_auditevent e ON e.id = s.event_id AND e.creditor_id = s.creditor_id
        WHERE s.creditor_id = %s ORDER BY s.position, s.id
    """  # noqa: S608 - names of columns
    connection.ensure_connection()
    with connection.connection.cursor(name="duecourse_seals") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        _nested_loops("off")
        cursor.execute(query, [creditor_id])
        _nested_loops("on")
        for row in cursor:
            yield _Seal(row[0], row[1], row[2], bytes(row[3]), bytes(row[4]), row[5], row[6:])


def _nested_loops(wanted: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', %s, true)", [wanted])


def _seal_count(creditor_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_seal WHERE creditor_id = %s", [creditor_id])
        return cursor.fetchone()[0]


def _unsealed_count(creditor_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ledger_auditevent e WHERE e.creditor_id = %s"
            " AND NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.event_id = e.id)",
            [creditor_id],
        )
        return cursor.fetchone()[0]
