"""Money from borrowers: payments as the bank tells them, where they belong, what they pay off, and what was promised."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.parties.models import TenantRow, tenant_key
from duecourse.placement.models import Placement
from duecourse.portfolio.models import Account, Case


class PaymentFile(TenantRow):
    """One file of payments, by content."""

    sha256 = models.CharField(max_length=64)
    mapping_name = models.TextField()
    mapping_version = models.TextField()
    file_id = models.BigIntegerField(null=True)
    rejects_file_id = models.BigIntegerField(null=True)
    counts = models.JSONField(default=dict)
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "sha256", "mapping_name", "mapping_version"], name="payment_file_once")]


class Payment(TenantRow):
    """One movement on a bank account of the creditor's, in minor units; a reversal is negative and names what it reverses.

    (bank account, external reference) is unique: the same reference with another body is a conflict, not a payment.
    `paid_on` is the day the borrower paid, `booked_on` the day the bank booked it. Append-only.
    """

    payment_file = tenant_key(PaymentFile, null=True)
    bank_account = models.TextField()
    external_ref = models.TextField()
    body_hash = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    paid_on = models.DateField()
    booked_on = models.DateField()
    account_reference = models.TextField(default="")
    payer_index = models.BinaryField(null=True)
    channel = models.TextField(default="")
    reverses = tenant_key("self", null=True)
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "bank_account", "external_ref"], name="payment_once"),
            models.UniqueConstraint(fields=["creditor", "reverses"], condition=Q(reverses__isnull=False), name="payment_reversed_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, reverses__isnull=True) | Q(amount_minor__lt=0, reverses__isnull=False),
                name="payment_sign",
            ),
        ]
        indexes = [models.Index(fields=["creditor", "booked_on"], name="payment_booked")]


class PaymentMatch(TenantRow):
    """Where a payment belongs: an account and how that was found, or suspense; the newest row of a payment holds. Append-only."""

    payment = tenant_key(Payment)
    account = tenant_key(Account, null=True)
    how = models.TextField()
    entry_id = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(how="suspense", account__isnull=True)
                | Q(how__in=["reference", "blind_index", "manual", "reversal"], account__isnull=False),
                name="payment_match_how",
            )
        ]
        indexes = [models.Index(fields=["creditor", "payment"], condition=Q(how="suspense"), name="payment_match_suspense")]


class Attribution(TenantRow):
    """The part of a payment that counts as a recovery of a placement, by the contract's rule; append-only."""

    payment = tenant_key(Payment)
    placement = tenant_key(Placement)
    account = tenant_key(Account, db_index=False)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    recognised_on = models.DateField()
    rule = models.TextField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "payment", "account"], name="attribution_once")]
        indexes = [models.Index(fields=["creditor", "recognised_on"], name="attribution_recognised")]


class Promise(TenantRow):
    """What a debtor promised: an amount by a day. Append-only; whether it was kept stands in its outcome."""

    case = tenant_key(Case)
    account = tenant_key(Account)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    made_on = models.DateField()
    due_on = models.DateField()
    source_kind = models.TextField()
    source_id = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "source_kind", "source_id"], name="promise_source_once")]


class PromiseOutcome(TenantRow):
    """That a promise was kept, kept in part or broken, as judged on a day. Append-only."""

    promise = tenant_key(Promise)
    outcome = models.TextField()
    paid_minor = models.BigIntegerField()
    judged_on = models.DateField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "promise"], name="promise_outcome_once"),
            models.CheckConstraint(condition=Q(outcome__in=["kept", "part_kept", "broken"]), name="promise_outcome_kind"),
        ]


class DirectDebit(TenantRow):
    """That the creditor asked a bank to collect an amount from a debtor: on its way from `sent_on` up to, not including, `settles_on`.

    `external_ref` is the creditor's own number of it. Append-only; what came of it is a payment or nothing.
    """

    account = tenant_key(Account)
    external_ref = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    sent_on = models.DateField()
    settles_on = models.DateField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "external_ref"], name="direct_debit_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="direct_debit_amount"),
            models.CheckConstraint(condition=Q(settles_on__gt=models.F("sent_on")), name="direct_debit_span"),
        ]
