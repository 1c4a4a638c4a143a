"""Erasing a person: the key, the salt, the blind indexes and the contact points go; numbers and books stay.

The list of the erased stands in a file outside the database, so that restoring a backup can replay it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.conf import settings
from django.db import connection

from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require, system
from duecourse.parties.models import Role
from duecourse.portfolio.models import ContactPoint, Person, PersonSecret
from duecourse.portfolio.selectors.access import access_person

ERASURES_FILE = "erasures.jsonl"


def person_erase(*, actor: Actor, person_id: int, reason: str) -> bool:
    """Destroy what identifies a person and return whether there was something left to destroy.

    What was sealed under the person's key cannot be opened any more, wherever a copy of it lies. Files of tapes have a retention of their
    own.

    Raises:
        PersonMissing: there is no such person for this actor.
        Forbidden: the actor is not a compliance officer.

    Guarantees: the erasure is on the list outside the database before it is committed.
    """
    require(actor, Role.COMPLIANCE, action="erase a person")
    with acting(actor):
        access_person(actor, person_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT erased_at FROM portfolio_person WHERE creditor_id = %s AND id = %s FOR NO KEY UPDATE",
                [actor.creditor_id, person_id],
            )
        is_new = _destroy(actor, person_id)
        if is_new:
            audit_append(
                creditor_id=actor.creditor_id,
                action="person_erased",
                subject_kind="person",
                subject_id=person_id,
                details={"reason": reason},
            )
            _list(actor.creditor_id, person_id)
        return is_new


def erasures_replay() -> int:
    """Destroy again what the list names, after a backup was restored, and return how many persons had come back."""
    path = _list_path()
    if not path.exists():
        return 0
    replayed_count = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        erased = json.loads(line)
        actor = system(erased["creditor_id"])
        with acting(actor):
            if _destroy(actor, erased["person_id"]):
                replayed_count += 1
                audit_append(
                    creditor_id=actor.creditor_id, action="person_erased", subject_kind="person", subject_id=erased["person_id"],
                    details={"reason": "replayed after a restore"},
                )  # fmt: skip
    return replayed_count


def _destroy(actor: Actor, person_id: int) -> bool:
    key = {"creditor_id": actor.creditor_id, "person_id": person_id}
    point_count = ContactPoint.objects.filter(**key, value_index__isnull=False).update(
        value_sealed=b"", value_index=None, index_key_id="", valid_until_on=now().date()
    )
    secret_count, _ = PersonSecret.objects.filter(**key).delete()
    Person.objects.filter(creditor_id=actor.creditor_id, pk=person_id, erased_at__isnull=True).update(erased_at=now())
    return bool(point_count or secret_count)


def _list(creditor_id: int, person_id: int) -> None:
    path = _list_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"creditor_id": creditor_id, "person_id": person_id, "at": now().isoformat()}) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _list_path() -> Path:
    return Path(settings.DUECOURSE_HOME) / ERASURES_FILE
