"""What went against the rules on days gone by, counted once so that a board of weeks reads few rows."""

from __future__ import annotations

from django.db import models

from duecourse.parties.models import Agency, TenantRow, tenant_key


class ViolationDay(TenantRow):
    """That a day of the creditor's was counted, and when; without its row the day is counted whenever somebody looks."""

    local_on = models.DateField()
    counted_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "local_on"], name="violation_day_once")]


class ViolationSum(TenantRow):
    """How often one performer did one thing on a counted day; `code` is of the rule or ground that refused, else ''.

    The kind `requests` is not a violation: it is how many contacts the performer asked for.
    """

    local_on = models.DateField()
    performer = tenant_key(Agency, db_index=False)
    kind = models.TextField()
    code = models.TextField(default="")
    number = models.IntegerField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "local_on", "performer", "kind", "code"], name="violation_sum_once"),
            models.CheckConstraint(condition=models.Q(number__gt=0), name="violation_sum_positive"),
        ]
