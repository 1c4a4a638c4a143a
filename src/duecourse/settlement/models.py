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

        constraints = [models.UniqueConstraint(fields=["creditor", "month", "metric_version", "batch"], name="measured_rate_once")]


class Scorecard(TenantRow):
    """How an agency did under a contract in a month against what was expected of its cases; never a bare rank; final once its month is closed.

    `evidence` is 'randomised' (the random slice only) or 'adjusted' (all cases, adjusted for mix; may be confounded). `ratio` is the shrunk
    ratio of observed to expected money with its 90 % interval, 1 being average; `measures` holds every measure as it was computed.
    """

    month = models.CharField(max_length=7)
    metric_version = models.TextField()
    agency = tenant_key(Agency)
    contract = tenant_key(Contract, db_index=False)
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
            models.UniqueConstraint(fields=["creditor", "month", "metric_version", "agency", "contract", "evidence"], name="scorecard_once")
        ]


class VintageFlow(TenantRow):
    """What a month brought of a cohort of accounts; the vintage curves are sums of these. Final once its month is closed.

    `kind` says what a cohort began with: 'opened' (first seen overdue) or 'placed' (given to an agency). Where month and cohort are one, the
    row holds how many accounts began and what they owed then. `recovered_minor` is net of reversals; `gone_count` are accounts that
    left the overdue tape or were paid off.
    """

    month = models.CharField(max_length=7)
    kind = models.TextField()
    cohort = models.CharField(max_length=7)
    product_class = models.TextField()
    region = models.TextField()
    currency = models.CharField(max_length=3)
    account_count = models.IntegerField()
    base_minor = models.BigIntegerField()
    recovered_minor = models.BigIntegerField()
    gone_count = models.IntegerField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(
                fields=["creditor", "month", "kind", "cohort", "product_class", "region", "currency"], name="vintage_flow_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=["opened", "placed"]), name="vintage_flow_kind"),
        ]


class Statement(TenantRow):
    """What a contract earns in a month. Its status is its newest transition, and a draft may be drawn up anew.

    From 'agreed' on the database refuses any change but the number of its ledger entry, which freezing fills in. `total_minor` is the sum of
    its lines and of its ledger movement.
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
    """One amount on a statement, traced to the payment that earned it, with all that went into its rate.

    `kind` is commission, reversal (of a payment on the same statement) or clawback (of one on an earlier statement); the last two name the line
    they take back. The exact rate is rate_numerator / rate_denominator, multiplier included; `rate_bp` is for reading.
    """

    statement = tenant_key(Statement)
    line_key = models.TextField()
    kind = models.TextField()
    payment = tenant_key(Payment)
    attribution = tenant_key(Attribution)
    placement = tenant_key(Placement)
    batch = tenant_key(Batch)
    contract_version = tenant_key(ContractVersion, db_index=False)
    product_class = models.TextField()
    days_past_due = models.IntegerField()
    hand = models.SmallIntegerField()
    basis_minor = models.BigIntegerField()
    achieved_bp = models.IntegerField()
    tier_mode = models.TextField()
    rate_bp = models.IntegerField()
    rate_numerator = models.BigIntegerField()
    rate_denominator = models.BigIntegerField()
    multiplier_bp = models.IntegerField()
    rounding = models.TextField()
    amount_minor = models.BigIntegerField()
    original_line = tenant_key("self", null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(kind="commission", original_line__isnull=True)
                | Q(kind__in=["reversal", "clawback"], original_line__isnull=False),
                name="statement_line_kind",
            ),
            models.UniqueConstraint(fields=["creditor", "attribution"], name="statement_line_once"),
        ]


class StatementTransition(TenantRow):
    """A step of a statement's life: draft, agreed or disputed (by the agency, with a reason), approved (by the creditor), frozen. Append-only."""

    statement = tenant_key(Statement)
    status = models.TextField()
    reason_code = models.TextField(default="", db_default="")
    words = models.TextField(default="", db_default="")
    actor_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(condition=Q(status__in=["draft", "agreed", "approved", "frozen", "disputed"]), name="statement_status"),
            models.UniqueConstraint(fields=["creditor", "statement", "status"], name="statement_status_once"),
        ]
