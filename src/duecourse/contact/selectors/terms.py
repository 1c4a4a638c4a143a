"""The creditor's terms of its gate and its definitions of calls: what is in force, and what waits for a second person."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from duecourse.contact.models import CallDefinition, GateTerms
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor
from duecourse.parties.models import Approval

SUBJECTS: dict[type, str] = {GateTerms: "gate_terms", CallDefinition: "call_definition"}
"""The kind under which each is decided on."""
Version = TypeVar("Version", GateTerms, CallDefinition)


def in_force(model: type[Version], *, creditor_id: int) -> QuerySet[Version]:
    """Return the versions that hold from their day on: those that needed nobody else, and those that another person approved."""
    return model.objects.filter(Q(needs_approval=False) | Exists(_decisions(model).filter(is_granted=True)), creditor_id=creditor_id)


def undecided(model: type[Version], *, creditor_id: int) -> QuerySet[Version]:
    """Return the versions that wait for a second person, oldest first."""
    found = model.objects.filter(~Exists(_decisions(model)), needs_approval=True, creditor_id=creditor_id)
    return found.order_by("pk")


def versions_waiting(model: type[Version], *, actor: Actor) -> list[Version]:
    """Return the versions that wait for a second person, oldest first; an agency sees none.

    Raises:
        Absent: the actor is on an agency's side.
    """
    _refuse_agency(actor, model)
    return list(undecided(model, creditor_id=actor.creditor_id))


def access_version(model: type[Version], *, actor: Actor, version_id: int) -> Version:
    """Return one version, decided on or not.

    Raises:
        Absent: there is none for this actor.
    """
    _refuse_agency(actor, model)
    found = model.objects.filter(creditor_id=actor.creditor_id, pk=version_id).first()
    if found is None:
        raise Absent(entity=SUBJECTS[model].replace("_", " "))
    return found


def gate_terms_on(*, actor: Actor, on: date) -> GateTerms | None:
    """Return the creditor's terms of the gate on a day, or None where none are in force; an agency sees none.

    Raises:
        Absent: the actor is on an agency's side.
    """
    _refuse_agency(actor, GateTerms)
    return in_force(GateTerms, creditor_id=actor.creditor_id).filter(effective_on__lte=on).order_by("-effective_on", "-pk").first()


def _decisions(model: type[Version]) -> QuerySet[Approval]:
    return Approval.objects.filter(creditor_id=OuterRef("creditor_id"), subject_kind=SUBJECTS[model], subject_id=OuterRef("pk"))


def _refuse_agency(actor: Actor, model: type) -> None:
    if actor.is_agency:
        raise Absent(entity=SUBJECTS[model].replace("_", " "))
