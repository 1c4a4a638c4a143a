"""Every read about complaints and disputes."""

from __future__ import annotations

from datetime import date

from django.db.models import Count

from duecourse.care.models import Complaint


def complaint_counts(*, creditor_id: int, first_on: date, last_on: date) -> dict[int | None, int]:
    """Return how many complaints came in over a span of days, both ends included, by performer."""
    rows = (
        Complaint.objects.filter(creditor_id=creditor_id, received_on__range=(first_on, last_on))
        .values_list("agency_id")
        .annotate(count=Count("id"))
    )
    return dict(rows)
