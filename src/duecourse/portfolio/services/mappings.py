"""Saving a mapping as a person who may, with a line in the trail."""

from __future__ import annotations

import dataclasses
import hashlib

from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.records import Mapping
from duecourse.kit.records.saved import next_version, saved_names
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.portfolio.services.specs import saved_folder, tape_mapping, tape_mapping_save

_LOCK_CLASS = 0x3A9


def mapping_save(*, actor: Actor, mapping: Mapping) -> str:
    """Save a mapping as the next version of its name and return `name.version`, by which files can be read with it.

    Args:
        actor: a manager of the creditor.
        mapping: its own version is passed over; the saved one has the day and a running number.

    Raises:
        Forbidden: the actor is not a manager.
        MappingInvalid, MappingExists, WriteFailed: as `tape_mapping_save`.

    Guarantees: saving what the latest version says already gives that version; two people who save one name at once get two versions.
    """
    require(actor, Role.MANAGER, action="save a mapping")
    with acting(actor), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_CLASS, mapping.name])
        folder = saved_folder(actor.creditor_id)
        latest = tape_mapping(mapping.name, creditor_id=actor.creditor_id) if mapping.name in saved_names(folder) else None
        if latest is not None and dataclasses.replace(mapping, version=latest.version) == latest:
            return f"{latest.name}.{latest.version}"
        version = next_version(mapping.name, folder=folder, day=now().strftime("%Y%m%d"))
        path = tape_mapping_save(dataclasses.replace(mapping, version=version), creditor_id=actor.creditor_id)
        details = {"name": mapping.name, "version": version, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        audit_append(
            creditor_id=actor.creditor_id, action="mapping_saved", subject_kind="creditor", subject_id=actor.creditor_id, details=details
        )
    return f"{mapping.name}.{version}"
