"""Every write about complaints and disputes. What they stop goes down to the portfolio as a hold."""

from __future__ import annotations

from datetime import date, timedelta

from duecourse.care.errors import ReferenceReused
from duecourse.care.models import Complaint, Dispute
from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting
from duecourse.portfolio.selectors import access_case
from duecourse.portfolio.services import hold_lift, hold_place

COMPLAINT_DAYS = 15
"""Days in which a simple complaint is answered. Source: 银行业保险业消费投诉处理管理办法 (2020 No. 3), secondary."""


def complaint_receive(
    *, actor: Actor, case_id: int, kind: str, external_ref: str, received_on: date, agency_id: int | None = None
) -> Complaint:
    """Take a complaint in, with the day by which it must be answered.

    Raises:
        Absent: there is no such case for this actor.
        ReferenceReused: the reference stands for another complaint.

    Guarantees: the same complaint again changes nothing.
    """
    with acting(actor):
        case = access_case(actor, case_id)
        due_on = received_on + timedelta(days=COMPLAINT_DAYS)
        complaint, is_new = Complaint.objects.get_or_create(
            creditor_id=actor.creditor_id,
            external_ref=external_ref,
            defaults={
                "case": case,
                "agency_id": agency_id,
                "kind": kind,
                "received_on": received_on,
                "due_on": due_on,
                "known_at": now(),
            },
        )
        if (complaint.case_id, complaint.kind) != (case_id, kind):
            raise ReferenceReused(external_ref=external_ref)
        if is_new:
            _note(actor, action="complaint_received", kind="complaint", subject_id=complaint.pk, case_id=case_id)
        return complaint


def dispute_open(*, actor: Actor, case_id: int, account_id: int, kind: str, external_ref: str, received_on: date) -> Dispute:
    """Take an objection in and stop contact with the debtor while it is open.

    Raises:
        Absent: there is no such case for this actor.
        ReferenceReused: the reference stands for another dispute.

    Source: 《商业银行信用卡业务监督管理办法》 art. 69: on an objection the account is flagged and verified.
    """
    with acting(actor):
        case = access_case(actor, case_id)
        dispute, is_new = Dispute.objects.get_or_create(
            creditor_id=actor.creditor_id,
            external_ref=external_ref,
            defaults={
                "case": case,
                "account_id": account_id,
                "kind": kind,
                "received_on": received_on,
                "known_at": now(),
            },
        )
        if (dispute.case_id, dispute.account_id) != (case_id, account_id):
            raise ReferenceReused(external_ref=external_ref)
        if is_new:
            hold_place(
                actor=actor,
                person_id=case.person_id,
                kind="dispute",
                stops_contact=True,
                stops_placement=True,
                source_kind="dispute",
                source_id=dispute.pk,
                from_on=received_on,
            )
            _note(actor, action="dispute_opened", kind="dispute", subject_id=dispute.pk, case_id=case_id)
        return dispute


def dispute_close(*, actor: Actor, dispute_id: int, on: date) -> None:
    """Close a dispute and lift its hold; closing it twice changes nothing."""
    with acting(actor):
        changed = Dispute.objects.filter(creditor_id=actor.creditor_id, pk=dispute_id, closed_on__isnull=True).update(closed_on=on)
        if changed:
            hold_lift(actor=actor, source_kind="dispute", source_id=dispute_id, on=on)
            _note(actor, action="dispute_closed", kind="dispute", subject_id=dispute_id, case_id=0)


def _note(actor: Actor, *, action: str, kind: str, subject_id: int, case_id: int) -> None:
    audit_append(creditor_id=actor.creditor_id, action=action, subject_kind=kind, subject_id=subject_id, details={"case_id": case_id})
