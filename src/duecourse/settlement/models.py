"""What the creditor owes its agencies for a month, and how well each one did."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.parties.models import Agency, Contract, ContractVersion, TenantRow, tenant_key
from duecourse.placement.models import Batch, Placement
from duecourse.repayment.models import Attribution, Payment


class MeasuredRate(TenantRow):
    """The achieved recovery rate of a batch in a month, the key to its fee tier: exact integers, denominators frozen; final once its month is closed."""

    month = models.CharField(max_length=7)
    metric_version = models.TextField()
    batch = tenant_key(Batch)
    contract_version = tenant_key(ContractVersion, db_index=False)
    recovered_minor = models.BigIntegerField()
    placed_minor = models.BigIntegerField()
    rate_bp = models.IntegerField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "month", "metric_version", "batch"], name="measured_rate_once")
        ]


class Scorecard(TenantRow):
    """How an agency did in a month against what was expected of its cases, with its uncertainty; never a bare rank; final once its month is closed.

    `evidence` is 'randomised' (the random slice only) or 'adjusted' (all cases, adjusted for mix; may be confounded).
    Ratios and shares are plain fractions.
    """

    month = models.CharField(max_length=7)
    metric_version = models.TextField()
    agency = tenant_key(Agency)
    evidence = models.TextField()
    case_count = models.IntegerField()
    placed_minor = models.BigIntegerField()
    recovered_minor = models.BigIntegerField()
    expected_minor = models.BigIntegerField()
    ratio = models.FloatField(null=True)
    ratio_low = models.FloatField(null=True)
    ratio_high = models.FloatField(null=True)
    can_rank = models.BooleanField()
    measures = models.JSONField(default=dict)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(
                fields=["creditor", "month", "metric_version", "agency", "evidence"], name="scorecard_once"
            )
        ]


class Statement(TenantRow):
    """What a contract earns in a month. Its status is its newest transition; a draft may be drawn up anew, and from 'agreed' on the database refuses any change.

    `total_minor` is the sum of its lines and of its ledger movement.
    """

    contract = tenant_key(Contract)
    agency = tenant_key(Agency)
    month = models.CharField(max_length=7)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    line_count = models.IntegerField()
    lines_hash = models.CharField(max_length=64)
    inputs_hash = models.CharField(max_length=64)
    entry_id = models.BigIntegerField(null=True)
    drafted_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "contract", "month"], name="statement_once")]


class StatementLine(TenantRow):
    """One amount on a statement, traced to the payment that earned it; a claw-back names the line it takes back."""

    statement = tenant_key(Statement)
    kind = models.TextField()
    payment = tenant_key(Payment)
    attribution = tenant_key(Attribution)
    placement = tenant_key(Placement)
    batch = tenant_key(Batch)
    contract_version = tenant_key(ContractVersion, db_index=False)
    basis_minor = models.BigIntegerField()
    rate_bp = models.IntegerField()
    amount_minor = models.BigIntegerField()
    original_line = tenant_key("self", null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(kind="commission", original_line__isnull=True) | Q(kind="clawback", original_line__isnull=False),
                name="statement_line_kind",
            ),
            models.UniqueConstraint(fields=["creditor", "attribution"], name="statement_line_once"),
        ]


class StatementTransition(TenantRow):
    """A step of a statement's life: draft, agreed (by the agency), approved (by the creditor), frozen. Append-only."""

    statement = tenant_key(Statement)
    status = models.TextField()
    actor_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "agreed", "approved", "frozen", "disputed"]), name="statement_status"
            ),
            models.UniqueConstraint(fields=["creditor", "statement", "status"], name="statement_status_once"),
        ]
