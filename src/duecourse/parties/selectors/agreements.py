"""Reading agencies, their qualifications, contracts and fees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from django.db.models import Q, QuerySet

from duecourse.engine.commission import FEE_LINES
from duecourse.engine.frames import empty, from_rows
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor
from duecourse.parties.models import (
    Agency,
    Contract,
    ContractVersion,
    FeeLine,
    FeeSchedule,
    Qualification,
)


def agencies(*, actor: Actor, on: date | None = None, kinds: tuple[str, ...] | None = None) -> list[Agency]:
    """Return the agencies the actor may see, ordered by code.

    Args:
        actor: who asks; an agency's people see their own.
        on: only those open on this day.
        kinds: only these kinds.
    """
    found = Agency.objects.filter(creditor_id=actor.creditor_id)
    if on is not None:
        found = found.filter(opened_on__lte=on).exclude(closed_on__lte=on)
    if kinds is not None:
        found = found.filter(kind__in=kinds)
    return list(found.order_by("code"))


def access_agency(*, actor: Actor, agency_id: int, is_locked: bool = False) -> Agency:
    """Return an agency, locked against a second writer when asked.

    Raises:
        Absent: it does not exist, or is not the actor's to see.
    """
    found = Agency.objects.filter(creditor_id=actor.creditor_id, pk=agency_id)
    return _one(found.select_for_update(no_key=True) if is_locked else found, entity="agency")


def access_contract(*, actor: Actor, contract_id: int, is_locked: bool = False) -> Contract:
    """Return a contract, locked against a second writer when asked.

    Raises:
        Absent: it does not exist, or is not the actor's to see.
    """
    found = Contract.objects.filter(creditor_id=actor.creditor_id, pk=contract_id)
    return _one(found.select_for_update(no_key=True) if is_locked else found, entity="contract")


def access_contract_version(*, actor: Actor, contract_version_id: int) -> ContractVersion:
    """Return one version of a contract's terms.

    Raises:
        Absent: it does not exist, or is not the actor's to see.
    """
    return _one(ContractVersion.objects.filter(creditor_id=actor.creditor_id, pk=contract_version_id), entity="contract version")


def contract_version_on(*, contract_id: int, on: date) -> ContractVersion | None:
    """Return the terms of a contract that hold on a day, or None: the last version that is signed, has begun and has not expired."""
    return _in_force(on).filter(contract_id=contract_id).order_by("number").last()


def contract_versions_in_force(*, actor: Actor, on: date) -> list[ContractVersion]:
    """Return, of every contract with an agency that is open on the day, the version that holds, with contract and agency, by agency code."""
    open_agency = Q(contract__agency__opened_on__lte=on) & (
        Q(contract__agency__closed_on__isnull=True) | Q(contract__agency__closed_on__gt=on)
    )
    last = _in_force(on).filter(open_agency, creditor_id=actor.creditor_id).order_by("contract_id", "-number").distinct("contract_id")
    found = ContractVersion.objects.filter(pk__in=last.values("pk")).select_related("contract__agency")
    return sorted(found, key=lambda version: (version.contract.agency.code, version.contract.code))


def contracts(*, actor: Actor, agency_id: int | None = None) -> list[Contract]:
    """Return the contracts, of all agencies or of one, with their agencies, by code."""
    found = Contract.objects.filter(creditor_id=actor.creditor_id).select_related("agency").order_by("code")
    return list(found.filter(agency_id=agency_id) if agency_id is not None else found)


def contract_versions(*, actor: Actor, contract_id: int) -> list[ContractVersion]:
    """Return the versions of a contract, the newest first."""
    return list(ContractVersion.objects.filter(creditor_id=actor.creditor_id, contract_id=contract_id).order_by("-number"))


def fee_schedules(*, actor: Actor, contract_version_ids: Sequence[int]) -> list[FeeSchedule]:
    """Return the fee schedules of some versions, the newest first."""
    found = FeeSchedule.objects.filter(creditor_id=actor.creditor_id, contract_version_id__in=contract_version_ids)
    return list(found.order_by("-effective_on", "-pk"))


def schedule_lines(*, fee_schedule_id: int, creditor_id: int) -> list[dict[str, Any]]:
    """Return the lines of one schedule in the order they were written, as rows of `engine.commission.FEE_LINES`."""
    found = FeeLine.objects.filter(creditor_id=creditor_id, fee_schedule_id=fee_schedule_id).order_by("pk")
    return [_as_fee_row(line) for line in found]


def qualifications_shown(*, actor: Actor, agency_ids: Sequence[int]) -> list[Qualification]:
    """Return all evidence of some agencies, ended or not, the one that ends last at the top."""
    found = Qualification.objects.filter(creditor_id=actor.creditor_id, agency_id__in=agency_ids)
    return list(found.order_by("-valid_until_on", "-pk"))


def access_qualification(*, actor: Actor, agency_id: int, qualification_id: int) -> Qualification:
    """Return one piece of evidence of an agency.

    Raises:
        Absent: it does not exist, or is not the actor's to see.
    """
    found = Qualification.objects.filter(creditor_id=actor.creditor_id, agency_id=agency_id, pk=qualification_id)
    return _one(found, entity="qualification")


def fee_lines(*, contract_version_id: int, on: date) -> pa.Table:
    """Return the fees of a contract version on a day, a frame of `engine.commission.FEE_LINES`; no rows when none are set."""
    schedule = FeeSchedule.objects.filter(contract_version_id=contract_version_id, effective_on__lte=on).order_by("effective_on").last()
    if schedule is None:
        return empty(FEE_LINES)
    rows = schedule_lines(fee_schedule_id=schedule.pk, creditor_id=schedule.creditor_id)
    return from_rows(rows, FEE_LINES)


def qualifications(*, actor: Actor, agency_id: int, on: date) -> list[Qualification]:
    """Return the evidence of an agency that is valid on a day, the one that ends first at the top."""
    found = Qualification.objects.filter(creditor_id=actor.creditor_id, agency_id=agency_id, valid_from_on__lte=on, valid_until_on__gt=on)
    return list(found.order_by("valid_until_on", "pk"))


def _as_fee_row(line: FeeLine) -> dict[str, Any]:
    return {
        "product_class": line.product_class,
        "age_band_from_days": line.age_from_days,
        "age_band_to_days": line.age_until_days,
        "tier_from_bp": line.tier_from_bp,
        "tier_to_bp": line.tier_until_bp,
        "hand_from": line.hand_from,
        "hand_to": line.hand_until,
        "rate_bp": line.rate_bp,
    }


def _in_force(on: date) -> QuerySet[ContractVersion]:
    return ContractVersion.objects.filter(signed_on__lte=on, effective_on__lte=on, expires_on__gt=on)


def _one(found: QuerySet, *, entity: str) -> Any:
    row = found.first()
    if row is None:
        raise Absent(entity=entity)
    return row
