"""What the creditor puts down for its gate: papers of lower layers, templates of messages, and its own terms. Versions, never changed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.parties.models import Agency, TenantRow, tenant_key
from duecourse.portfolio.models import Person


class PaperLayer(models.TextChoices):
    """The layers below the texts, as the rules name them."""

    CREDITOR_POLICY = "creditor_policy"
    AGENCY_CONTRACT = "agency_contract"
    AGREEMENT = "agreement"


class Paper(TenantRow):
    """One version of a paper that sets limits: a policy, an agency's contract, an agreement with one debtor. Append-only.

    `parameters` is as `rules.load.parse_overlay` reads it. A version binds from `effective_on` once another person approved it, see
    Approval, until a later version of the same code does; `is_end` says that the version ends the paper.
    """

    layer = models.TextField(choices=PaperLayer.choices)
    code = models.TextField()
    number = models.IntegerField()
    agency = tenant_key(Agency, null=True)
    person = tenant_key(Person, null=True)
    title_zh = models.TextField()
    title_en = models.TextField()
    issued_on = models.DateField()
    effective_on = models.DateField()
    parameters = models.JSONField(default=dict)
    is_end = models.BooleanField(default=False)
    content_hash = models.CharField(max_length=64)
    added_by = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "code", "number"], name="paper_version_once"),
            models.CheckConstraint(
                condition=Q(layer="creditor_policy", agency__isnull=True, person__isnull=True)
                | Q(layer="agency_contract", agency__isnull=False, person__isnull=True)
                | Q(layer="agreement", agency__isnull=True, person__isnull=False),
                name="paper_party_fits_layer",
            ),
        ]
        indexes = [models.Index(fields=["creditor"], condition=Q(layer="creditor_policy"), name="paper_policies")]


class MessageTemplate(TenantRow):
    """One version of a text that may be sent: its channel, language, body, the parts it has and what it is for. Append-only.

    `parts` are codes, for a letter those the law asks for. A version may be used from `valid_from_on` up to, not including,
    `valid_until_on`, once another person approved it, see Approval, until a later version of the same code may; `is_end` says that the
    version ends the template.
    """

    code = models.TextField()
    number = models.IntegerField()
    channel = models.TextField()
    language = models.TextField()
    body = models.TextField()
    parts = models.JSONField(default=list)
    purpose = models.TextField()
    valid_from_on = models.DateField()
    valid_until_on = models.DateField(null=True)
    is_end = models.BooleanField(default=False)
    content_hash = models.CharField(max_length=64)
    added_by = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "code", "number"], name="message_template_version_once"),
            models.CheckConstraint(condition=Q(channel__in=["sms", "email", "letter"]), name="message_template_channel"),
            models.CheckConstraint(
                condition=Q(valid_until_on__isnull=True) | Q(valid_until_on__gt=models.F("valid_from_on")), name="message_template_span"
            ),
        ]


class GateTerms(TenantRow):
    """What the creditor's gate asks for beyond the rules, from a day on: the newest day, and of one day the newest row. Append-only.

    A debt counts as paid already when what came in since the last import reaches `paid_share_bp` of its balance and `paid_minor_min`
    minor units, or all of it. `qualification_kinds` must be valid for every outside agency, `person_qualification_kinds` for every person
    who makes a call or a visit. Where the list of agencies or the notices of outsourcing are kept here, an agency that is not listed, or of
    which the debtor was not told, is known as such. Terms that may loosen say `needs_approval` and hold once another person approved them,
    see Approval.
    """

    effective_on = models.DateField()
    paid_share_bp = models.IntegerField()
    paid_minor_min = models.BigIntegerField()
    qualification_kinds = models.JSONField(default=list)
    person_qualification_kinds = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    is_agency_list_kept = models.BooleanField(default=False, db_default=False)
    are_notices_kept = models.BooleanField(default=False, db_default=False)
    needs_approval = models.BooleanField(default=False)
    content_hash = models.CharField(max_length=64, default="")
    added_by = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(paid_share_bp__gt=0, paid_share_bp__lte=10000, paid_minor_min__gte=0), name="gate_terms_amounts"
            ),
        ]
        indexes = [models.Index(fields=["creditor", "effective_on"], name="gate_terms_day")]
