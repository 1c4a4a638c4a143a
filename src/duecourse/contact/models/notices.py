"""What was told and asked for around contact: the published list of agencies, notices of outsourcing, and wishes about contact."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.parties.models import Agency, TenantRow, tenant_key
from duecourse.portfolio.models import ContactPoint, Person


class PublishedAgency(TenantRow):
    """That an agency stands on the list the creditor publishes, over a half-open span of days."""

    agency = tenant_key(Agency)
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    recorded_by = models.BigIntegerField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "agency"], condition=Q(until_on__isnull=True), name="published_agency_once"),
            models.CheckConstraint(condition=Q(until_on__isnull=True) | Q(until_on__gte=models.F("from_on")), name="published_agency_span"),
        ]


class OutsourcingNotice(TenantRow):
    """That a debtor was told, on a day, that an agency collects for the creditor; `how` is a channel. Append-only."""

    person = tenant_key(Person, db_index=False)
    agency = tenant_key(Agency, db_index=False)
    told_on = models.DateField()
    how = models.TextField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "person", "agency"], name="outsourcing_notice_once")]


class WishKind(models.TextChoices):
    """What somebody asked for, agreed to, or is."""

    AGREED_CONTACT = "agreed_contact"
    DEBT_RELATED = "debt_related"
    REFUSED_CONTACT = "refused_contact"
    OFFERED_TO_PAY = "offered_to_pay"
    CHANNEL_DECLINED = "channel_declined"
    PLACE_DECLINED = "place_declined"


class ContactWish(TenantRow):
    """What a debtor or a third party said about being contacted, from a day on; the newest row of a kind, channel and point holds. Append-only.

    A third party's refusal, agreement, relation to the debt and offer to pay name its contact point; a declined place may; a declined
    channel names the channel. `is_withdrawn` says that it holds no more.
    """

    person = tenant_key(Person)
    contact_point = tenant_key(ContactPoint, null=True, db_index=False)
    kind = models.TextField(choices=WishKind.choices)
    channel = models.TextField(default="")
    from_on = models.DateField()
    is_withdrawn = models.BooleanField(default=False)
    recorded_by = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(kind="channel_declined") & ~Q(channel="") | ~Q(kind="channel_declined") & Q(channel=""), name="wish_channel"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["channel_declined", "place_declined"]) | Q(contact_point__isnull=False),
                name="wish_of_third_party_names_point",
            ),
        ]
