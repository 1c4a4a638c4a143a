"""Agencies, their qualifications, contracts and fees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from django.db.models import Max, Q

from duecourse.engine.commission import FEE_LINES, Coverage, check_schedule
from duecourse.engine.frames import conform, from_rows
from duecourse.kit.money import exponent
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.errors import FeeScheduleBroken, SpanRefused, TermsMoved, TermsRefused
from duecourse.parties.models import Agency, AgencyKind, Contract, ContractVersion, FeeLine, FeeSchedule, Membership, Qualification, Role
from duecourse.parties.selectors import access_agency, access_contract, access_contract_version
from duecourse.parties.services.people import code_taken

ATTRIBUTION_RULES = ("paid", "booked")
TIER_MODES = ("whole", "marginal")
ROUNDINGS = ("half_up", "half_even", "down")
SHARE_MAX_BP = 10_000


def agency_add(*, actor: Actor, code: str, name: str, kind: str, opened_on: date) -> Agency:
    """Add an agency, a law firm, an in-house team or a robot.

    Raises:
        Forbidden: the actor is no manager.
        TermsRefused: there is no such kind.
        CodeTaken: the creditor has an agency with this code.
    """
    require(actor, Role.MANAGER, action="add an agency")
    if kind not in AgencyKind.values:
        raise TermsRefused(reasons=f"there is no kind {kind!r} of agency")
    with acting(actor), code_taken(entity="agency", code=code):
        agency = Agency.objects.create(creditor_id=actor.creditor_id, code=code, name=name, kind=kind, opened_on=opened_on)
        _record(actor, "agency_added", agency, {"code": code, "kind": kind, "opened_on": opened_on})
    return agency


def agency_change(*, actor: Actor, agency_id: int, code: str, name: str, kind: str, opened_on: date) -> None:
    """Change an agency's master record; what it was stands in the trail.

    Raises:
        Forbidden: the actor is no manager.
        Absent: there is no such agency.
        TermsRefused: there is no such kind, code or name are blank, or it would be opened after it was closed.
        CodeTaken: another agency has this code.
    """
    require(actor, Role.MANAGER, action="change an agency")
    with acting(actor):
        agency = access_agency(actor=actor, agency_id=agency_id, is_locked=True)
        checks = [
            (kind not in AgencyKind.values, f"there is no kind {kind!r} of agency"),
            (not code.strip() or not name.strip(), "it has no code or no name"),
            (agency.closed_on is not None and opened_on > agency.closed_on, "it is opened after it was closed"),
        ]
        if reasons := [reason for is_wrong, reason in checks if is_wrong]:
            raise TermsRefused(reasons="; ".join(reasons))
        terms = {"code": code.strip(), "name": name.strip(), "kind": kind, "opened_on": opened_on}
        before = {field: getattr(agency, field) for field in terms if getattr(agency, field) != terms[field]}
        if not before:
            return
        with code_taken(entity="agency", code=code):
            Agency.objects.filter(pk=agency.pk).update(**terms)
        _record(actor, "agency_changed", agency, {"before": before, "after": {field: terms[field] for field in before}})


def agency_close(*, actor: Actor, agency_id: int, closed_on: date) -> None:
    """Close an agency: from `closed_on` it gets nothing new, and its people's memberships have ended.

    Raises:
        Forbidden: the actor is neither manager nor compliance officer.
        Absent: there is no such agency.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="close an agency")
    with acting(actor):
        agency = access_agency(actor=actor, agency_id=agency_id)
        Agency.objects.filter(pk=agency.pk).update(closed_on=closed_on)
        members = Membership.objects.filter(creditor_id=actor.creditor_id, agency=agency)
        members.filter(Q(until_on__isnull=True) | Q(until_on__gt=closed_on)).update(until_on=closed_on)
        _record(actor, "agency_closed", agency, {"closed_on": closed_on})


def qualification_add(
    *,
    actor: Actor,
    agency_id: int,
    kind: str,
    valid_from_on: date,
    valid_until_on: date,
    evidence_file_id: int | None = None,
) -> Qualification:
    """Record evidence that an agency may work, over a half-open span.

    Raises:
        Forbidden: the actor is neither manager nor compliance officer.
        Absent: there is no such agency.
        SpanRefused: the span is empty.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="record a qualification")
    if valid_until_on <= valid_from_on:
        raise SpanRefused(from_on=valid_from_on, until_on=valid_until_on)
    with acting(actor):
        qualification = Qualification.objects.create(
            creditor_id=actor.creditor_id,
            agency=access_agency(actor=actor, agency_id=agency_id),
            kind=kind,
            evidence_file_id=evidence_file_id,
            valid_from_on=valid_from_on,
            valid_until_on=valid_until_on,
        )
        _record(actor, "qualification_added", qualification, {"agency_id": agency_id, "kind": kind, "valid_until_on": valid_until_on})
    return qualification


def contract_add(*, actor: Actor, agency_id: int, code: str) -> Contract:
    """Add a contract with an agency; it has no terms before its first version.

    Raises:
        Forbidden: the actor is no manager.
        Absent: there is no such agency.
        CodeTaken: the creditor has a contract with this code.
    """
    require(actor, Role.MANAGER, action="add a contract")
    with acting(actor), code_taken(entity="contract", code=code):
        contract = Contract.objects.create(creditor_id=actor.creditor_id, agency=access_agency(actor=actor, agency_id=agency_id), code=code)
        _record(actor, "contract_added", contract, {"agency_id": agency_id, "code": code})
    return contract


def contract_version_add(
    *,
    actor: Actor,
    contract_id: int,
    effective_on: date,
    expires_on: date,
    placement_term_days: int,
    contracted_fields: Sequence[str],
    attribution_rule: str,
    signed_on: date | None = None,
    currency: str | None = None,
    regions: Sequence[str] | None = None,
    products: Sequence[str] | None = None,
    capacity_count: int | None = None,
    capacity_minor: int | None = None,
    share_cap_bp: int | None = None,
    attribution_tail_days: int = 0,
    tier_mode: str = "whole",
    rounding: str = "half_up",
    known_fields: Iterable[str] | None = None,
    seen_number: int | None = None,
) -> ContractVersion:
    """Add the next version of a contract's terms; a version is never changed, and its number follows the last one's.

    Args:
        actor: a manager of the creditor.
        contract_id: the contract.
        effective_on: first day of the terms.
        expires_on: the day after the last.
        placement_term_days: how long a placement lasts, days.
        contracted_fields: the only fields a handover may hold.
        attribution_rule: 'paid' or 'booked', the date of a payment that must lie in the placement.
        signed_on: day of signature; without it nothing is placed under these terms.
        currency: ISO code, by default the creditor's.
        regions: codes, or None for all.
        products: product classes, or None for all.
        capacity_count: most open cases, or None.
        capacity_minor: most open balance in minor units, or None.
        share_cap_bp: largest share of an allocation in basis points, or None.
        attribution_tail_days: days after a placement's end in which a payment still counts.
        tier_mode: 'whole' or 'marginal'.
        rounding: 'half_up', 'half_even' or 'down'.
        known_fields: fields the handover's record has; names outside are refused.
        seen_number: the last version's number that the actor looked at, 0 for none, None not to compare.

    Raises:
        Forbidden, Absent: the actor is no manager, or there is no such contract.
        TermsRefused, TermsMoved: with every reason; or there is a newer version than the one that was looked at.
    """
    require(actor, Role.MANAGER, action="add terms to a contract")
    with acting(actor):
        terms: dict[str, Any] = {
            "effective_on": effective_on,
            "expires_on": expires_on,
            "signed_on": signed_on,
            "currency": currency or creditor_of(actor).currency,
            "regions": regions and list(regions),
            "products": products and list(products),
            "capacity_count": capacity_count,
            "capacity_minor": capacity_minor,
            "share_cap_bp": share_cap_bp,
            "placement_term_days": placement_term_days,
            "contracted_fields": list(contracted_fields),
            "attribution_rule": attribution_rule,
            "attribution_tail_days": attribution_tail_days,
            "tier_mode": tier_mode,
            "rounding": rounding,
        }
        _refuse_faults(terms, known_fields)
        return _version_create(actor, contract_id, terms, seen_number=seen_number)


def fee_schedule_set(
    *,
    actor: Actor,
    contract_version_id: int,
    effective_on: date,
    lines: pa.Table | Sequence[Mapping[str, Any]],
    seen_schedule_id: int | None = None,
) -> FeeSchedule:
    """Set the fees of a contract version from a day on; the schedule that held before holds until then.

    Args:
        actor: a manager of the creditor.
        contract_version_id: the version.
        effective_on: first day of these fees.
        lines: frame of `engine.commission.FEE_LINES`, or rows with its columns.
        seen_schedule_id: the newest schedule of the version that the actor looked at, 0 for none, None not to compare.

    Raises:
        Forbidden: the actor is no manager.
        Absent: there is no such version.
        FeeScheduleBroken: with every gap and overlap, over the version's products.
        CodeTaken: the version has a schedule from this day.
        TermsMoved: there is a newer schedule than the one that was looked at.
    """
    require(actor, Role.MANAGER, action="set fees")
    frame = conform(
        lines if isinstance(lines, pa.Table) else from_rows([dict(line) for line in lines], FEE_LINES), FEE_LINES, name="FEE_LINES"
    )
    with acting(actor):
        version = access_contract_version(actor=actor, contract_version_id=contract_version_id)
        _refuse_moved(actor, version, seen_schedule_id)
        problems = check_schedule(frame, coverage=Coverage(product_classes=tuple(version.products or ())))
        if problems or not frame.num_rows:
            raise FeeScheduleBroken(reasons="; ".join(problem.message() for problem in problems) or "it has no lines")
        with code_taken(entity="fee schedule", code=str(effective_on)):
            schedule = FeeSchedule.objects.create(creditor_id=actor.creditor_id, contract_version=version, effective_on=effective_on)
        FeeLine.objects.bulk_create(_fee_line(actor.creditor_id, schedule, row) for row in frame.to_pylist())
        details = {"contract_version_id": version.pk, "effective_on": effective_on, "lines": frame.to_pylist()}
        _record(actor, "fee_schedule_set", schedule, details)
    return schedule


def _version_create(actor: Actor, contract_id: int, terms: Mapping[str, Any], *, seen_number: int | None) -> ContractVersion:
    """Write the version after the last one, under the contract's lock."""
    contract = access_contract(actor=actor, contract_id=contract_id, is_locked=True)
    versions = ContractVersion.objects.filter(creditor_id=actor.creditor_id, contract=contract)
    number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    if seen_number is not None and seen_number != number - 1:
        raise TermsMoved(entity="contract version")
    version = ContractVersion.objects.create(creditor_id=actor.creditor_id, contract=contract, number=number, **terms)
    _record(actor, "contract_version_added", version, {"contract_id": contract.pk, "number": number, **terms})
    return version


def _refuse_moved(actor: Actor, version: ContractVersion, seen_schedule_id: int | None) -> None:
    """Take the contract's lock, and refuse fees that were made looking at older ones."""
    access_contract(actor=actor, contract_id=version.contract_id, is_locked=True)
    if seen_schedule_id is None:
        return
    schedules = FeeSchedule.objects.filter(creditor_id=actor.creditor_id, contract_version=version)
    if (schedules.aggregate(last=Max("pk"))["last"] or 0) != seen_schedule_id:
        raise TermsMoved(entity="fee schedule")


def _fee_line(creditor_id: int, schedule: FeeSchedule, row: Mapping[str, Any]) -> FeeLine:
    return FeeLine(
        creditor_id=creditor_id,
        fee_schedule=schedule,
        product_class=row["product_class"],
        age_from_days=row["age_band_from_days"],
        age_until_days=row["age_band_to_days"],
        tier_from_bp=row["tier_from_bp"],
        tier_until_bp=row["tier_to_bp"],
        hand_from=row["hand_from"],
        hand_until=row["hand_to"],
        rate_bp=row["rate_bp"],
    )


def _refuse_faults(terms: Mapping[str, Any], known_fields: Iterable[str] | None) -> None:
    if reasons := _faults(terms, known_fields):
        raise TermsRefused(reasons="; ".join(reasons))


def _faults(terms: Mapping[str, Any], known_fields: Iterable[str] | None) -> list[str]:
    """Return every reason why the terms cannot hold."""
    exponent(terms["currency"])
    fields = terms["contracted_fields"]
    unknown = sorted(set(fields) - set(known_fields)) if known_fields is not None else []
    checks = [
        (terms["expires_on"] <= terms["effective_on"], "they expire before they begin"),
        (terms["placement_term_days"] < 1, "a placement lasts at least one day"),
        (terms["attribution_tail_days"] < 0, "the tail has days, not less"),
        (terms["attribution_rule"] not in ATTRIBUTION_RULES, "the attribution rule is paid or booked"),
        (terms["tier_mode"] not in TIER_MODES, "the tier mode is whole or marginal"),
        (terms["rounding"] not in ROUNDINGS, "the rounding is half_up, half_even or down"),
        (terms["share_cap_bp"] is not None and not 0 < terms["share_cap_bp"] <= SHARE_MAX_BP, "the share cap is 1 to 10000 basis points"),
        (terms["capacity_count"] is not None and terms["capacity_count"] < 0, "the capacity is no number of cases"),
        (terms["capacity_minor"] is not None and terms["capacity_minor"] < 0, "the capacity is no amount"),
        (terms["regions"] == [], "no region is named; leave it out for all"),
        (terms["products"] == [], "no product is named; leave it out for all"),
        (not fields, "no field is contracted, so nothing could be handed over"),
        (len(set(fields)) != len(fields), "a field is named twice"),
        (bool(unknown), f"a handover has no field {', '.join(unknown)}"),
    ]
    return [reason for is_wrong, reason in checks if is_wrong]


def _record(actor: Actor, action: str, row: Any, details: Mapping[str, Any]) -> None:
    """Write what happened to a row into the creditor's trail."""
    kind = type(row)._meta.db_table.removeprefix("parties_")  # noqa: SLF001 - Django's public name for its options
    audit_append(creditor_id=actor.creditor_id, action=action, subject_kind=kind, subject_id=row.pk, details=details)
