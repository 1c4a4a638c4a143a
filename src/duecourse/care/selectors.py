"""Every read about complaints and disputes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count

from duecourse.care.models import Complaint, Dispute


def complaint_counts(*, creditor_id: int, first_on: date, last_on: date) -> dict[int | None, int]:
    """Return how many complaints came in over a span of days, both ends included, by performer."""
    rows = (
        Complaint.objects.filter(creditor_id=creditor_id, received_on__range=(first_on, last_on))
        .values_list("agency_id")
        .annotate(count=Count("id"))
    )
    return dict(rows)


def open_matters(*, creditor_id: int, case_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return a case's complaints and disputes that are not closed, oldest first."""
    columns = ("id", "kind", "external_ref", "received_on")
    matters = {"complaints": Complaint, "disputes": Dispute}
    return {
        name: list(
            model.objects.filter(creditor_id=creditor_id, case_id=case_id, closed_on__isnull=True)
            .order_by("received_on", "id")
            .values(*columns)
        )
        for name, model in matters.items()
    }
