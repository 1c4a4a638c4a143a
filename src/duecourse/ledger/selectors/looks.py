"""Reading in the trail what one user did."""

from __future__ import annotations

from datetime import datetime

from duecourse.ledger.models import AuditEvent


def actions_by(*, creditor_id: int, actor_id: int, action: str, since_at: datetime) -> list[datetime]:
    """Return the instants at which a user did something after an instant, oldest first."""
    found = AuditEvent.objects.filter(creditor_id=creditor_id, actor_id=actor_id, action=action, at__gt=since_at)
    return list(found.order_by("at").values_list("at", flat=True))
