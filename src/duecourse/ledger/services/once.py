"""Requests that must have one effect however often they are sent."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from duecourse.kit.clock import now
from duecourse.ledger.errors import IdempotencyClash
from duecourse.ledger.models import IdempotencyKey

_LOCK_CLASS = 0x0ACE


def idempotency_once(
    *, creditor_id: int, scope: str, key: str, request_hash: str, effect: Callable[[], tuple[str, int]]
) -> tuple[str, int]:
    """Have `effect` once for a key and return the (kind, id) it made, now and at every repeat.

    Two requests with one key wait for each other. `effect` runs in this transaction: if it fails, the key is not used up.

    Raises:
        IdempotencyClash: the key was used for a request with another hash.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_CLASS, f"{creditor_id}|{scope}|{key}"])
    found = IdempotencyKey.objects.filter(creditor_id=creditor_id, scope=scope, key=key).first()
    if found is None:
        kind, row_id = effect()
        IdempotencyKey.objects.create(
            creditor_id=creditor_id, scope=scope, key=key, request_hash=request_hash, result_kind=kind, result_id=row_id, at=now()
        )
        return kind, row_id
    if found.request_hash != request_hash:
        raise IdempotencyClash(key=key)
    return found.result_kind, found.result_id
