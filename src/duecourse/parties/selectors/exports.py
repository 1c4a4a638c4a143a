"""Reading exports, how much somebody has taken out, who is about to leave, and the views of a listing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Count, Q, Sum

from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import PageQuery
from duecourse.parties.access import Actor
from duecourse.parties.models import Export, Membership, SavedView

DAY_EXPORTS_MAX: Final = 3
DAY_ROWS_MAX: Final = 100_000
LEAVING_DAYS: Final = 30
DAY: Final = timedelta(hours=24)

EXPORTS_PAGE = PageQuery(
    select=(
        "e.id AS export_id, e.listing, e.file_format, e.row_count, e.is_personal, e.needs_second, e.purpose, e.asked_at, e.expires_at,"
        " u.display_name AS asked_by_name, e.asked_by_id,"
        " CASE WHEN e.state = 'ready' AND e.expires_at <= %(at)s THEN 'expired' ELSE e.state END AS state"
    ),
    source="FROM parties_export e JOIN parties_user u ON u.id = e.asked_by_id",
    always="e.creditor_id = %(creditor_id)s",
    wheres={
        "state": "CASE WHEN e.state = 'ready' AND e.expires_at <= %(at)s THEN 'expired' ELSE e.state END = %(state)s",
        "listing": "e.listing = %(listing)s",
        "asked_by": "e.asked_by_id = %(asked_by)s::bigint",
        "q": "strpos(lower(e.purpose), lower(%(q)s)) > 0",
    },
    orders={"asked_at": "e.asked_at", "row_count": "e.row_count"},
    key="e.id",
)
"""What was taken out, or asked for; `at` is given as a parameter."""


class Taken(NamedTuple):
    """What somebody took out, or asked to, within 24 hours."""

    export_count: int
    row_count: int


def access_export(*, actor: Actor, export_id: int, is_locked: bool = False) -> Export:
    """Return an export with who asked, locked against a second writer when asked.

    Raises:
        Absent: it does not exist, or is not the actor's to see; an agency sees none.
    """
    if actor.is_agency:
        raise Absent(entity="export")
    found = Export.objects.filter(creditor_id=actor.creditor_id, pk=export_id)
    export = (found.select_for_update(no_key=True, of=("self",)) if is_locked else found).select_related("asked_by").first()
    if export is None:
        raise Absent(entity="export")
    return export


def exports_waiting(*, actor: Actor) -> list[Export]:
    """Return the exports that wait for a second person, the oldest first, with who asked."""
    return list(Export.objects.filter(creditor_id=actor.creditor_id, state="asked").select_related("asked_by").order_by("pk"))


def exported_today(*, actor: Actor, at: datetime) -> Taken:
    """Return what the actor took out, or asked to, in the 24 hours before an instant; what was rejected does not count."""
    found = Export.objects.filter(creditor_id=actor.creditor_id, asked_by_id=actor.user_id, asked_at__gt=at - DAY)
    sums = found.exclude(state="rejected").aggregate(export_count=Count("pk"), row_count=Sum("row_count"))
    return Taken(sums["export_count"], int(sums["row_count"] or 0))


def much_exported(*, actor: Actor, at: datetime) -> list[dict[str, Any]]:
    """Return who took out, or asked for, more than `DAY_EXPORTS_MAX` files or `DAY_ROWS_MAX` rows in the 24 hours before an instant.

    Returns:
        dicts with asked_by_id, display_name, export_count and row_count, the most rows first.
    """
    found = Export.objects.filter(creditor_id=actor.creditor_id, asked_at__gt=at - DAY).exclude(state="rejected")
    sums = found.values("asked_by_id", "asked_by__display_name").annotate(export_count=Count("pk"), total=Sum("row_count"))
    much = sums.filter(Q(export_count__gt=DAY_EXPORTS_MAX) | Q(total__gt=DAY_ROWS_MAX)).order_by("-total", "asked_by_id")
    return [
        {
            "asked_by_id": row["asked_by_id"],
            "display_name": row["asked_by__display_name"],
            "export_count": row["export_count"],
            "row_count": int(row["total"]),
        }
        for row in much
    ]


def leaving_on(*, actor: Actor, on: date) -> date | None:
    """Return the day from which the actor has no access to this side any more, if it comes within `LEAVING_DAYS` days, else None.

    Somebody without any membership has left already: the day itself is returned.
    """
    mine = Membership.objects.filter(creditor_id=actor.creditor_id, user_id=actor.user_id, agency_id=actor.agency_id)
    ends = list(mine.filter(Q(until_on__isnull=True) | Q(until_on__gt=on)).values_list("until_on", flat=True))
    if not ends:
        return on
    if None in ends or max(ends) > on + timedelta(days=LEAVING_DAYS):
        return None
    return max(ends)


def views_of(*, actor: Actor, listing: str) -> list[SavedView]:
    """Return the views of a listing that the actor keeps or that colleagues of the same side share, by label, with their users.

    The one without a label, if there is one, holds the columns the actor chose last.
    """
    found = SavedView.objects.filter(creditor_id=actor.creditor_id, listing=listing, agency_id=actor.agency_id)
    mine_or_shared = found.filter(Q(user_id=actor.user_id) | Q(is_shared=True)).select_related("user")
    shown = ("creditor", "agency", "listing", "label", "query", "columns", "is_shared", "changed_at", "user__display_name")
    return list(mine_or_shared.only(*shown).order_by("label", "pk"))
