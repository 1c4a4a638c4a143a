"""Reading creditors, people, what they may do, what they decided, and tokens."""

from __future__ import annotations

from datetime import date

from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor
from duecourse.parties.models import ApiToken, Approval, Creditor, Membership


def creditors() -> list[Creditor]:
    """Return every creditor of this installation, ordered by code."""
    return list(Creditor.objects.order_by("code"))


def creditor_by_code(*, code: str) -> Creditor:
    """Return a creditor.

    Raises:
        Absent: there is none with this code.
    """
    creditor = Creditor.objects.filter(code=code).first()
    if creditor is None:
        raise Absent(entity="creditor")
    return creditor


def members(*, actor: Actor, on: date, agency_id: int | None = None) -> list[Membership]:
    """Return the memberships open on a day of the creditor's own side, or of an agency, with their users, by name of the user.

    The users come without their password hashes, which an agency's role may not read.
    """
    found = Membership.objects.filter(creditor_id=actor.creditor_id, agency_id=agency_id, from_on__lte=on).exclude(until_on__lte=on)
    columns = ("creditor", "agency", "role", "from_on", "until_on", "user__email", "user__display_name", "user__lang", "user__is_active")
    return list(found.select_related("user").only(*columns).order_by("user__display_name", "pk"))


def approval_of(*, actor: Actor, subject_kind: str, subject_id: int) -> Approval | None:
    """Return the decision on something, or None while it is open."""
    return Approval.objects.filter(creditor_id=actor.creditor_id, subject_kind=subject_kind, subject_id=subject_id).first()


def tokens(*, actor: Actor) -> list[ApiToken]:
    """Return the API tokens of the actor's creditor with their agencies, the newest first; an agency sees none."""
    return list(ApiToken.objects.filter(creditor_id=actor.creditor_id).select_related("agency").order_by("-pk"))
