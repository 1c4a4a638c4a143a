"""What borrowers tell us. The text they write is sealed; what it stops is written downstairs as a hold."""

from __future__ import annotations

from django.db import models

from duecourse.parties.models import Agency, TenantRow, tenant_key
from duecourse.portfolio.models import Account, Case


class Complaint(TenantRow):
    """A complaint about how a case was worked: when it came, about which performer, and when it must be answered."""

    case = tenant_key(Case)
    agency = tenant_key(Agency, null=True)
    kind = models.TextField()
    external_ref = models.TextField()
    received_on = models.DateField()
    due_on = models.DateField()
    closed_on = models.DateField(null=True)
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "external_ref"], name="complaint_once")]


class Dispute(TenantRow):
    """An objection of a debtor to an account; while it is open a hold stops contact."""

    case = tenant_key(Case)
    account = tenant_key(Account)
    kind = models.TextField()
    external_ref = models.TextField()
    received_on = models.DateField()
    closed_on = models.DateField(null=True)
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "external_ref"], name="dispute_once")]
