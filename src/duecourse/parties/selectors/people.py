"""Reading creditors, people, what they may do, what they decided, and tokens."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import PageQuery
from duecourse.parties.access import Actor
from duecourse.parties.models import ApiToken, Approval, Creditor, Membership, User

_STATE = "CASE WHEN m.from_on > %(today)s THEN 'to_begin' WHEN m.until_on <= %(today)s THEN 'ended' ELSE 'holds' END"
PEOPLE_PAGE: Final = PageQuery(
    select=(
        "m.id AS membership_id, u.id AS user_id, u.display_name, u.email, m.role, m.from_on, m.until_on, a.id AS agency_id,"
        f" coalesce(a.name, c.name) AS side_name, {_STATE} AS state, u.password LIKE '!%%' AS is_invited"
    ),
    source=(
        "FROM parties_membership m JOIN parties_user u ON u.id = m.user_id JOIN parties_creditor c ON c.id = m.creditor_id"
        " LEFT JOIN parties_agency a ON a.creditor_id = m.creditor_id AND a.id = m.agency_id"
    ),
    always="m.creditor_id = %(creditor_id)s",
    wheres={
        "state": f"{_STATE} = %(state)s",
        "side": "coalesce(m.agency_id, 0) = %(side)s::bigint",
        "role": "m.role = %(role)s",
        "q": "strpos(lower(u.display_name || ' ' || u.email), lower(%(q)s)) > 0",
    },
    orders={"name": "u.display_name", "from_on": "m.from_on", "side": "coalesce(a.name, '')"},
    key="m.id",
)
"""Who holds which role, now, before and later; `today` is given as a parameter."""

APPROVALS_PAGE: Final = PageQuery(
    select=(
        "p.id AS approval_id, p.subject_kind, p.subject_id, p.content_hash, p.is_granted, p.reason, p.at,"
        " CASE WHEN p.is_granted THEN 'granted' ELSE 'refused' END AS decision, d.display_name AS decided_by_name,"
        " r.display_name AS requested_by_name"
    ),
    source=("FROM parties_approval p JOIN parties_user d ON d.id = p.decided_by_id LEFT JOIN parties_user r ON r.id = p.requested_by_id"),
    always="p.creditor_id = %(creditor_id)s",
    wheres={
        "kind": "p.subject_kind = %(kind)s",
        "decision": "p.is_granted = (%(decision)s = 'granted')",
        "from": "p.at >= %(from)s::date",
        "decided_by": "strpos(lower(d.display_name), lower(%(decided_by)s)) > 0",
    },
    orders={"at": "p.at"},
    key="p.id",
)
"""What was decided by a second person."""


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


def person_page(*, actor: Actor, user_id: int) -> tuple[User, list[dict[str, Any]]]:
    """Return a member of the actor's creditor, and all their memberships with it as dicts, the newest first.

    Raises:
        Absent: nobody of this creditor's; who works elsewhere only does not exist here.
    """
    found = (
        Membership.objects.filter(creditor_id=actor.creditor_id, user_id=user_id)
        .select_related("agency", "user")
        .order_by("-from_on", "-pk")
    )
    rows = list(found)
    if not rows or actor.is_agency:
        raise Absent(entity="user")
    shown = [{"id": row.pk, "role": row.role, "agency": row.agency, "from_on": row.from_on, "until_on": row.until_on} for row in rows]
    return rows[0].user, shown


def memberships_of(*, actor: Actor) -> list[Membership]:
    """Return all memberships of the actor on the side they act for, the newest first."""
    found = Membership.objects.filter(creditor_id=actor.creditor_id, user_id=actor.user_id, agency_id=actor.agency_id)
    columns = ("creditor", "agency", "role", "from_on", "until_on")
    return list(found.only(*columns).order_by("-from_on", "-pk"))


def names_of(*, user_ids: set[int]) -> dict[int, str]:
    """Return the names of users by id."""
    return dict(User.objects.filter(pk__in=user_ids).values_list("pk", "display_name"))
