"""Every read about complaints and disputes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Count, F

from duecourse.care.models import Complaint, Dispute
from duecourse.ledger.selectors import PageQuery

_SPAN = {"from_on": "w.received_on >= %(from_on)s::date", "until_on": "w.received_on <= %(until_on)s::date", "kind": "w.kind = %(kind)s"}
_ACCUSED = "LEFT JOIN parties_agency g ON g.creditor_id = w.creditor_id AND g.id = w.agency_id"
_PLACED = """
LEFT JOIN LATERAL (SELECT b.code, b.name FROM placement_placement p JOIN parties_agency b ON b.creditor_id = p.creditor_id AND b.id = p.agency_id
    WHERE p.creditor_id = w.creditor_id AND p.case_id = w.case_id AND upper_inf(p.during)) g ON true
JOIN portfolio_account a ON a.creditor_id = w.creditor_id AND a.id = w.account_id
"""
_COLUMNS = "w.id, w.case_id, w.kind, w.external_ref, w.received_on, w.closed_on, coalesce(g.name, '') AS performer"
_CLOSED = "CASE WHEN w.closed_on IS NULL THEN 'open' ELSE 'closed' END"
CARE_PAGE: Mapping[str, PageQuery] = {
    "complaint": PageQuery(
        select=f"{_COLUMNS}, w.due_on, CASE WHEN w.closed_on IS NULL AND w.due_on < %(on)s::date THEN 'overdue' ELSE {_CLOSED} END AS state",
        source=f"FROM care_complaint w {_ACCUSED}",
        always="w.creditor_id = %(creditor_id)s",
        wheres=_SPAN
        | {
            "performer": "w.agency_id = %(performer)s::bigint",
            "state": f"%(state)s IN (CASE WHEN w.closed_on IS NULL AND w.due_on < %(on)s::date THEN 'overdue' END, {_CLOSED})",
        },
        orders={"due": "w.due_on", "received": "w.received_on"},
        key="w.id",
    ),
    "dispute": PageQuery(
        select=f"{_COLUMNS}, '…' || right(a.number, 4) AS account_number, {_CLOSED} AS state",
        source=f"FROM care_dispute w {_PLACED}",
        always="w.creditor_id = %(creditor_id)s",
        wheres=_SPAN | {"state": f"{_CLOSED} = %(state)s"},
        orders={"received": "w.received_on"},
        key="w.id",
    ),
}
"""Complaints and disputes as pages of rows; `on`, the creditor's day, is a parameter of the first. A complaint names the performer it is
about, a dispute the one that has the case now."""


def complaint_counts(*, creditor_id: int, first_on: date, last_on: date) -> dict[int | None, int]:
    """Return how many complaints came in over a span of days, both ends included, by performer."""
    rows = (
        Complaint.objects.filter(creditor_id=creditor_id, received_on__range=(first_on, last_on))
        .values_list("agency_id")
        .annotate(count=Count("id"))
    )
    return dict(rows)


def case_disputes(*, creditor_id: int, case_id: int) -> list[dict[str, Any]]:
    """Return the disputes of a case, open ones first: id, account_id, account_number, kind, external_ref, received_on, closed_on."""
    found = Dispute.objects.filter(creditor_id=creditor_id, case_id=case_id).order_by(F("closed_on").desc(nulls_first=True), "-pk")
    return list(found.values("id", "account_id", "kind", "external_ref", "received_on", "closed_on", account_number=F("account__number")))
