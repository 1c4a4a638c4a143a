"""Permits, refusals and attempts: no attempt without a permit, and both answers keep their explanation as evidence."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from duecourse.parties.models import Agency, TenantRow, tenant_key
from duecourse.placement.models import Placement
from duecourse.portfolio.models import Case, ContactPoint, Person


class ContactRequest(TenantRow):
    """The abstract base of both answers: who asked to reach whom, how and when, and the verdict with its citations.

    `performer` is the agency, in-house team or robot; `client_request_id` is its own number for the request, so that asking
    twice gives the same answer. `user_id` is who asked, `made_by` the person who makes the contact; null where a program asked and named
    nobody. `explanation` is the verdict's record and holds nothing personal.
    """

    performer = tenant_key(Agency, db_index=False)
    client_request_id = models.TextField()
    request_hash = models.CharField(max_length=64)
    person = tenant_key(Person, db_index=False)
    case = tenant_key(Case, db_index=False)
    contact_point = tenant_key(ContactPoint, null=True, db_index=False)
    placement = tenant_key(Placement, null=True, db_index=False)
    user_id = models.BigIntegerField()
    made_by = models.BigIntegerField(null=True)
    channel = models.TextField()
    contact_at = models.DateTimeField()
    local_on = models.DateField(null=True)
    decided_at = models.DateTimeField()
    explanation = models.JSONField()

    class Meta:
        """Django's options."""

        abstract = True


class Permit(ContactRequest):
    """Leave to make one attempt, until it expires. For a call it holds one of the day's slots. Append-only; stored by the month of `local_on`."""

    valid_until_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "performer", "client_request_id", "local_on"], name="permit_request_once"),
            models.CheckConstraint(condition=Q(local_on__isnull=False), name="permit_has_local_day"),
        ]
        indexes = [
            models.Index(
                fields=["creditor", "person", "local_on", "channel"], include=["id", "performer", "contact_point"], name="permit_day"
            )
        ]


class Refusal(ContactRequest):
    """That a contact was refused, with all reasons and the next instant at which it would be allowed. Append-only."""

    next_allowed_at = models.DateTimeField(null=True)
    codes = models.JSONField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "performer", "client_request_id"], name="refusal_request_once")]
        indexes = [models.Index(fields=["creditor", "contact_at"], name="refusal_when")]


class Outcome(models.TextChoices):
    """How an attempt went. All but the first group reached nobody and give the day's slot back."""

    CONNECTED = "connected"
    PROMISE = "promise"
    REFUSED_TO_PAY = "refused_to_pay"
    DISPUTED = "disputed"
    WRONG_PARTY = "wrong_party"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    NOT_MADE = "not_made"


NOTES = (
    "call_back_asked",
    "no_calls_at_work",
    "wants_plan",
    "wants_bill",
    "says_paid",
    "in_hardship",
    "other_answered",
    "hung_up",
    "number_wrong",
)
"""Codes of what was said in a contact besides its outcome."""

CONNECTED_OUTCOMES = (Outcome.CONNECTED, Outcome.PROMISE, Outcome.REFUSED_TO_PAY, Outcome.DISPUTED, Outcome.WRONG_PARTY)


class PermitDay(models.DateField):
    """The day of the row's permit, taken from it where none is given; migrations see a plain date."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        """Return what is stored: the permit's own day."""
        if getattr(model_instance, self.attname) is None:
            setattr(model_instance, self.attname, model_instance.permit.local_on)  # type: ignore[attr-defined]
        return super().pre_save(model_instance, add)

    def deconstruct(self) -> Any:
        """Return how a migration writes the field."""
        name, _, arguments, keywords = super().deconstruct()
        return name, "django.db.models.DateField", arguments, keywords


class Attempt(TenantRow):
    """What came of a permit, reported once by its performer. Append-only; `is_connected` decides whether the slot is given back.

    `local_on` is the permit's day; by its month both are stored, and a key of the database holds the two together.
    `note_codes` are codes of what was said, of `NOTES`; free text about a debtor has no place here.
    """

    permit = models.OneToOneField(Permit, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    local_on = PermitDay()
    performer = tenant_key(Agency, db_index=False)
    outcome = models.TextField(choices=Outcome.choices)
    is_connected = models.BooleanField()
    started_at = models.DateTimeField()
    talk_seconds = models.IntegerField(default=0)
    note_codes = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    reported_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(is_connected=True, outcome__in=CONNECTED_OUTCOMES) | Q(is_connected=False) & ~Q(outcome__in=CONNECTED_OUTCOMES),
                name="attempt_connected_fits_outcome",
            ),
            models.UniqueConstraint(fields=["permit", "local_on"], include=["outcome", "is_connected"], name="attempt_permit_once"),
        ]
        indexes = [models.Index(fields=["creditor", "started_at"], condition=Q(is_connected=True), name="attempt_connected_when")]
