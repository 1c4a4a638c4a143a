"""What the ageing and the scoring step computed, by execution: ages of accounts and cases, their sums, and what is expected. All append-only."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.parties.models import TenantRow, tenant_key
from duecourse.portfolio.models.debts import Account, Case


class Snapshot(TenantRow):
    """What the ageing step computed of an account on its day: days past due, bucket, balance by component. Append-only.

    `step_run_id` names the execution that wrote it; the newest execution of a month is the one that counts.
    """

    step_run_id = models.BigIntegerField()
    account = tenant_key(Account)
    case = tenant_key(Case, db_index=False)
    as_of = models.DateField()
    days_past_due = models.IntegerField()
    paused_days_count = models.IntegerField()
    bucket = models.TextField()
    bucket_number = models.SmallIntegerField()
    principal_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    penalty_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "step_run_id", "account"], name="snapshot_once"),
            models.CheckConstraint(condition=Q(days_past_due__gte=0), name="snapshot_days_past_due"),
        ]


class CaseSnapshot(TenantRow):
    """What the ageing step computed of a case: its oldest account's age, and what it owes in its main currency. Append-only.

    Product and lender class are those of the product of which most is owed; region is the case's of that day. The newest execution of a
    day is the one that counts.
    """

    step_run_id = models.BigIntegerField()
    case = tenant_key(Case, db_index=False)
    as_of = models.DateField()
    product_class = models.TextField()
    lender_class = models.TextField()
    region = models.TextField()
    currency = models.CharField(max_length=3)
    days_past_due = models.IntegerField()
    bucket = models.TextField()
    bucket_number = models.SmallIntegerField()
    balance_minor = models.BigIntegerField()
    account_count = models.IntegerField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "step_run_id", "case"], name="case_snapshot_once")]
        indexes = [
            models.Index(fields=["creditor", "step_run_id", "balance_minor", "case"], name="case_snapshot_balance"),
            models.Index(fields=["creditor", "step_run_id", "days_past_due", "case"], name="case_snapshot_days"),
        ]


class SnapshotSum(TenantRow):
    """How many cases an execution of the ageing step found in a bucket, and what they owe, by product, region and currency. Append-only."""

    step_run_id = models.BigIntegerField()
    as_of = models.DateField()
    product_class = models.TextField()
    region = models.TextField()
    currency = models.CharField(max_length=3)
    bucket = models.TextField()
    bucket_number = models.SmallIntegerField()
    case_count = models.IntegerField()
    balance_minor = models.BigIntegerField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(
                fields=["creditor", "step_run_id", "product_class", "region", "currency", "bucket"], name="snapshot_sum_once"
            )
        ]
        indexes = [models.Index(fields=["creditor", "as_of", "step_run_id"], name="snapshot_sum_day")]


class Score(TenantRow):
    """What a model expects of a case, by execution of the scoring step: its segment and the recovery over one placement term. Append-only."""

    step_run_id = models.BigIntegerField()
    case = tenant_key(Case)
    model_version = models.TextField()
    segment_key = models.TextField()
    expected_recovered_minor = models.BigIntegerField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "step_run_id", "case", "model_version"], name="score_once")]
