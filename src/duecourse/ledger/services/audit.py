"""Appending to the trail, and sealing it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.ids import NotCanonical, canonical_bytes
from duecourse.ledger.errors import DetailsRefused
from duecourse.ledger.selectors.trail import EVENT_COLUMNS, FIRST_PREVIOUS, VERSION, event_of, seal_hash

_LOCK_CLASS = 0x5EA1


def audit_append(*, creditor_id: int, action: str, subject_kind: str, subject_id: int, details: Mapping[str, Any] | None = None) -> int:
    """Append one event to a creditor's trail and return its id; who acts is filled in by the database from the session.

    Args:
        creditor_id: the creditor that is open in this transaction, or 0 for the platform.
        action: what happened, as `past_tense` words.
        subject_kind: the kind of row it happened to.
        subject_id: that row's id.
        details: ids, counts, dates and commitments; never personal data, never a float.

    Raises:
        DetailsRefused: the details have no canonical form.
        django.db.ProgrammingError: another creditor is open.
    """
    try:
        text = canonical_bytes(dict(details or {})).decode()
    except NotCanonical as error:
        raise DetailsRefused(action=action, reason=str(error.parts()[0]).rstrip(".")) from error
    if "\\u0000" in text:
        raise DetailsRefused(action=action, reason="a text holds the character NUL")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gate.audit_append(%s, %s, %s, %s, %s, %s::jsonb)", [creditor_id, now(), action, subject_kind, subject_id, text]
        )
        return cursor.fetchone()[0]


def seal_pending(*, creditor_id: int, limit: int = 50_000) -> int:
    """Chain up to `limit` events that are not sealed yet, in order of their ids, and return how many.

    One sealer works per creditor; another that comes meanwhile returns 0 at once. An event whose transaction commits late is sealed by
    the next call, behind events with higher ids: positions have no gaps, ids of events may.

    Guarantees: all of them are sealed or none; positions follow the last seal.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashint8(%s))", [_LOCK_CLASS, creditor_id])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(f"SELECT {EVENT_COLUMNS} FROM gate.unsealed_events(%s, %s) e", [creditor_id, limit])  # noqa: S608
        events = cursor.fetchall()
        if not events:
            return 0
        cursor.execute("SELECT position, hash FROM ledger_seal WHERE creditor_id = %s ORDER BY position DESC LIMIT 1", [creditor_id])
        position, first_previous = cursor.fetchone() or (0, FIRST_PREVIOUS)
        sealed_at = now()
        previous, hashes = bytes(first_previous), []
        for row in events:
            position += 1
            event = event_of(row, parse=json.loads)
            previous = seal_hash(version=VERSION, position=position, previous=previous, sealed_at=sealed_at, event=event)
            hashes.append(previous)
        cursor.execute(
            "SELECT gate.seal_append(%s, %s::smallint, %s, %s::bigint[], %s::bytea[], %s)",
            [creditor_id, VERSION, bytes(first_previous), [row[0] for row in events], hashes, sealed_at],
        )
    return len(events)
