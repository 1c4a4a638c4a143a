"""The emergency stop: contact that compliance ends at once, everywhere, and how it is taken up again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.parties.models import Agency, TenantRow, tenant_key
from duecourse.portfolio.models import Person

_EMPTY = Q(agency__isnull=True, user_id__isnull=True, channel="", person__isnull=True)


class StopScope(models.TextChoices):
    """What a stop covers."""

    AGENCY = "agency"
    COLLECTOR = "collector"
    CHANNEL = "channel"
    DEBTOR = "debtor"
    EVERYTHING = "everything"


class StopReasonCode(models.TextChoices):
    """Why contact was stopped."""

    CONDUCT = "conduct"
    COMPLAINT = "complaint"
    PERSONAL_DATA = "personal_data"
    REGULATOR = "regulator"
    WRONG_RULES = "wrong_rules"
    SYSTEM_FAULT = "system_fault"
    OTHER = "other"


class ContactStop(TenantRow):
    """That an agency, a collector, a channel, a debtor or everything may not be contacted, from an instant until it is lifted.

    Of `agency`, `user_id`, `channel` and `person` exactly the one that `scope` names is set, none for everything. `note` is for the
    creditor's side only. `stood_already` says of what `contact_stop` returned that it was no new one; it is not kept.
    """

    stood_already = False

    scope = models.TextField(choices=StopScope.choices)
    agency = tenant_key(Agency, null=True)
    user_id = models.BigIntegerField(null=True)
    channel = models.TextField(default="")
    person = tenant_key(Person, null=True)
    reason_code = models.TextField(choices=StopReasonCode.choices)
    note = models.TextField(default="")
    from_at = models.DateTimeField()
    stopped_by = models.BigIntegerField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.BigIntegerField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(scope="agency", agency__isnull=False, user_id__isnull=True, channel="", person__isnull=True)
                | Q(scope="collector", agency__isnull=True, user_id__isnull=False, channel="", person__isnull=True)
                | Q(scope="channel", agency__isnull=True, user_id__isnull=True, person__isnull=True) & ~Q(channel="")
                | Q(scope="debtor", agency__isnull=True, user_id__isnull=True, channel="", person__isnull=False)
                | Q(scope="everything") & _EMPTY,
                name="contact_stop_target_fits_scope",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="contact_stop_lifted_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["creditor", "scope", "agency", "user_id", "channel", "person"],
                condition=Q(lifted_at__isnull=True),
                name="contact_stop_open_once",
                nulls_distinct=False,
            ),
        ]


class ContactStopLift(TenantRow):
    """That somebody asked to lift a stop, and why. Another person decides, see Approval; a refused one stays on record. Append-only."""

    stop = tenant_key(ContactStop)
    asked_by = models.BigIntegerField()
    asked_at = models.DateTimeField()
    reason = models.TextField()
    content_hash = models.CharField(max_length=64)
