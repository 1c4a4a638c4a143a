"""Every read about complaints and disputes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, F

from duecourse.care.models import Complaint, Dispute


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
