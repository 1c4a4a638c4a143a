"""A call by a person: one permit at a time, its number opened for it alone, and its outcome with all that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from duecourse.care.services import complaint_receive, dispute_open
from duecourse.contact.errors import NumberHidden, OutcomeContradicts, OutcomeOwed, PromiseIncomplete, RequestReused
from duecourse.contact.models import Attempt, Outcome, Permit, Refusal
from duecourse.contact.selectors.owed import access_permit, outcomes_owed
from duecourse.contact.selectors.revocations import permit_revocations
from duecourse.contact.selectors.rule_sets import whole_evidence
from duecourse.contact.services.attempts import attempt_report
from duecourse.contact.services.grounds import ground_text
from duecourse.contact.services.permits import Answer, permit_request
from duecourse.kit.calendar import days_anywhere, local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import AGENCY_ROLES
from duecourse.placement.models import Placement
from duecourse.placement.services.moves import desk
from duecourse.portfolio.models import Case, CaseAccount
from duecourse.portfolio.services.points import contact_point_end, point_reveal
from duecourse.repayment.services import promise_make

COMPLAINTS = ("frequency", "hours", "attitude", "privacy", "amount", "other")
DISPUTES = ("already_paid", "amount", "not_mine", "identity")
REQUEST_REACH = timedelta(days=60)
"""How far back an earlier answer to a request id is looked for, as in `gate.permit_facts`."""
_LOCK_CLASS = 0xCA11


@dataclass(frozen=True, slots=True)
class PromiseGiven:
    """What a debtor promised in a call: an account of the case, minor units, and by which day."""

    account_id: int
    amount_minor: int
    due_on: date


def call_request(*, actor: Actor, case_id: int, contact_point_id: int | None, client_request_id: str) -> Answer:
    """Ask, for a person of an agency, to call the debtor of a case now.

    Args:
        actor: the person.
        case_id: a case that is theirs.
        contact_point_id: the number to dial.
        client_request_id: of the form; pressing its button again gives the same answer.

    Raises:
        OutcomeOwed: the person has a permit whose outcome is not reported.
        Forbidden, Absent, RequestReused: as `permit_request`.

    Guarantees: two presses, tabs or telephones of one person never hold two unreported permits.
    """
    require(actor, *AGENCY_ROLES, action="call a debtor")
    with acting(actor):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_LOCK_CLASS, actor.user_id])
        earlier = _earlier(actor, client_request_id)
        if earlier is not None:
            if (earlier.case_id, earlier.contact_point_id, earlier.user_id) != (case_id, contact_point_id, actor.user_id):
                raise RequestReused(client_request_id=client_request_id)
            return _answer(actor, earlier)
        owed = [row for row in outcomes_owed(actor=actor) if row["user_id"] == actor.user_id]
        if owed:
            raise OutcomeOwed(permit_id=owed[0]["permit_id"])
        return permit_request(
            actor=actor,
            case_id=case_id,
            channel="call",
            contact_at=now(),
            client_request_id=client_request_id,
            contact_point_id=contact_point_id,
        )


def number_open(*, actor: Actor, permit_id: int) -> str:
    """Open the number that a permit is for, to the person it was given to, while it holds and is not reported. Each look is in the trail.

    Raises:
        Absent: there is no such permit for this actor, or it is another person's.
        NumberHidden: it has ended, was reported, names no number, something came since that would refuse it now (see
            `permit_revocations`), or the contract does not hand numbers over.
    """
    require(actor, *AGENCY_ROLES, action="see a number")
    with acting(actor):
        permit = access_permit(actor, permit_id=permit_id)
        if permit.user_id != actor.user_id:
            raise Absent(entity="permit")
        if reason := _why_hidden(actor, permit):
            raise NumberHidden(reason=reason)
        return point_reveal(actor=actor, contact_point_id=permit.contact_point_id, purpose="call", permit_id=permit.pk)


def outcome_record(
    *,
    actor: Actor,
    permit_id: int,
    outcome: str,
    talk_seconds: int = 0,
    note_codes: Sequence[str] = (),
    promise: PromiseGiven | None = None,
    complaint_kind: str = "",
    dispute_kind: str = "",
) -> Attempt:
    """Report what came of a call, and keep what follows from it: a promise, a complaint, a dispute, a number that is wrong. All or nothing.

    Args:
        actor: the person whose permit it is, or a lead of the agency for somebody who left.
        permit_id: the permit.
        outcome: of `Outcome`.
        talk_seconds: 0 where nobody was reached.
        note_codes: some of `NOTES`. `number_wrong` ends the number, for everybody.
        promise: what was promised; asked for with the outcome `promise`, refused with any other.
        complaint_kind: of `COMPLAINTS`, or ''.
        dispute_kind: of `DISPUTES`; asked for with the outcome `disputed`, which stops contact.

    Raises:
        Absent: there is no such permit for this actor.
        PromiseIncomplete, PromiseRefused, OutcomeContradicts: what was typed does not go together.
        AttemptReported: another outcome was reported before.

    Guarantees: the same report again changes nothing.
    """
    require(actor, *AGENCY_ROLES, action="report an outcome")
    _check(outcome, promise=promise, complaint_kind=complaint_kind, dispute_kind=dispute_kind, note_codes=note_codes)
    with acting(actor):
        permit = access_permit(actor, permit_id=permit_id)
        if actor.is_collector and permit.user_id != actor.user_id:
            raise Absent(entity="permit")
        attempt = attempt_report(
            actor=actor,
            permit_id=permit_id,
            outcome=outcome,
            started_at=permit.contact_at,
            talk_seconds=talk_seconds,
            note_codes=note_codes,
        )
        on = local_day(permit.contact_at, creditor_of(actor).zone)
        if promise is not None or complaint_kind or dispute_kind:
            _keep(actor, permit, on=on, promise=promise, complaint_kind=complaint_kind, dispute_kind=dispute_kind)
        if "number_wrong" in note_codes and permit.contact_point_id is not None:
            with acting(desk(actor)):
                contact_point_end(actor=desk(actor), contact_point_id=permit.contact_point_id, on=on, reason="number_wrong")
        return attempt


def _keep(actor: Actor, permit: Permit, *, on: date, promise: PromiseGiven | None, complaint_kind: str, dispute_kind: str) -> None:
    if not Case.objects.filter(creditor_id=actor.creditor_id, pk=permit.case_id).exists():
        raise Absent(entity="case")
    if promise is not None:
        promise_make(
            actor=actor,
            case_id=permit.case_id,
            account_id=promise.account_id,
            amount_minor=promise.amount_minor,
            due_on=promise.due_on,
            made_on=on,
            source_kind="permit",
            source_id=permit.pk,
        )
    told = {"actor": desk(actor), "case_id": permit.case_id, "received_on": on}
    if complaint_kind:
        complaint_receive(**told, kind=complaint_kind, external_ref=f"permit-{permit.pk}", agency_id=actor.agency_id)
    if dispute_kind:
        for account_id in _accounts(actor, permit):
            dispute_open(**told, account_id=account_id, kind=dispute_kind, external_ref=f"permit-{permit.pk}-{account_id}")


def _accounts(actor: Actor, permit: Permit) -> list[int]:
    rows = CaseAccount.objects.filter(creditor_id=actor.creditor_id, case_id=permit.case_id, until_on__isnull=True)
    return list(rows.order_by("account_id").values_list("account_id", flat=True))


def _check(outcome: str, *, promise: PromiseGiven | None, complaint_kind: str, dispute_kind: str, note_codes: Sequence[str]) -> None:
    if (outcome == Outcome.PROMISE) != (promise is not None):
        raise PromiseIncomplete
    if (outcome == Outcome.DISPUTED) != bool(dispute_kind) or (dispute_kind and dispute_kind not in DISPUTES):
        raise OutcomeContradicts(reason="a dispute has its kind, and no other outcome has one")
    if complaint_kind and complaint_kind not in COMPLAINTS:
        raise OutcomeContradicts(reason=f"{complaint_kind} is no kind of complaint")
    if "number_wrong" in note_codes and outcome in (Outcome.PROMISE, Outcome.DISPUTED, Outcome.REFUSED_TO_PAY):
        raise OutcomeContradicts(reason="whoever spoke about the debt was reached on the right number")


def _why_hidden(actor: Actor, permit: Permit) -> str:
    if permit.contact_point_id is None or permit.channel != "call":
        return "the permit names no number"
    if now() > permit.valid_until_at:
        return "the permit has ended"
    if Attempt.objects.filter(creditor_id=actor.creditor_id, permit_id=permit.pk, local_on=permit.local_on).exists():
        return "its outcome is reported"
    ended = permit_revocations(creditor_id=actor.creditor_id, permit_id=permit.pk)
    if ended:
        return ground_text(ended[0].code)[0]
    placed = Placement.objects.filter(creditor_id=actor.creditor_id, case_id=permit.case_id, agency_id=actor.agency_id)
    open_one = placed.filter(during__upper_inf=True).select_related("contract_version").first()
    if open_one is None or "phone" not in open_one.contract_version.contracted_fields:
        return "the contract does not hand numbers over"
    return ""


def _earlier(actor: Actor, client_request_id: str) -> Permit | Refusal | None:
    wanted = {"creditor_id": actor.creditor_id, "performer_id": actor.agency_id, "client_request_id": client_request_id}
    first_on, _ = days_anywhere(now() - REQUEST_REACH, now())
    return Permit.objects.filter(**wanted, local_on__gte=first_on).first() or Refusal.objects.filter(**wanted).first()


def _answer(actor: Actor, found: Permit | Refusal) -> Answer:
    (explanation,) = whole_evidence(actor=actor, evidences=[found.explanation])
    if isinstance(found, Permit):
        return Answer("permit", found.pk, explanation, found.valid_until_at, None)
    return Answer("refusal", found.pk, explanation, None, found.next_allowed_at)
