"""How long call records are kept, and that some were removed because their time was over."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.contact.models.records import CallRecordFile
from duecourse.parties.models import TenantRow, tenant_key


class CallRetention(TenantRow):
    """For how many months call records are kept, from a day on: the newest day holds. Append-only.

    Where nothing was said, and where `kept_months` is null, they are kept for ever.
    """

    from_on = models.DateField()
    kept_months = models.IntegerField(null=True)
    user_id = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "from_on", "known_at"], name="call_retention_once"),
            models.CheckConstraint(condition=Q(kept_months__isnull=True) | Q(kept_months__gte=1), name="call_retention_months"),
        ]


class CallRemoval(TenantRow):
    """That calls of a file were removed, all from before `until_on`: how many, and by whom; 0 is the system. Append-only."""

    record_file = tenant_key(CallRecordFile)
    until_on = models.DateField()
    record_count = models.IntegerField()
    user_id = models.BigIntegerField()
    removed_at = models.DateTimeField()
