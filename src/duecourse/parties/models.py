"""Who takes part, and under which agreement.

Every tenant row carries its creditor; `tenant_key` makes a relation whose database constraint is the composite one
(creditor_id, id), written by hand in the migrations, so that no row can refer across creditors.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower


def tenant_key(to: Any, **options: Any) -> models.ForeignKey:
    """Return a relation to another tenant row; its constraint stands in the migration as (creditor_id, column)."""
    return models.ForeignKey(to, on_delete=models.PROTECT, related_name="+", db_constraint=False, **options)


class Creditor(models.Model):
    """A lender that places its overdue loans; the tenant. Its zone, calendar and currency are the defaults of its rows.

    `packs` names the rule packs in force; `is_simulated` marks a made-up creditor, whose results are shown as simulated.
    """

    code = models.TextField(unique=True)
    name = models.TextField()
    lender_class = models.TextField()
    zone = models.TextField()
    calendar = models.TextField()
    currency = models.CharField(max_length=3)
    packs = models.JSONField(default=list)
    is_simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField()


class TenantRow(models.Model):
    """The abstract base of every row that belongs to a creditor."""

    creditor = models.ForeignKey(Creditor, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)

    class Meta:
        """Django's options."""

        abstract = True


class UserQuery(BaseUserManager["User"]):
    """Finds users by their e-mail address, without regard to case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with this e-mail address."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who logs in: staff of a creditor or of an agency. What they may do stands in their memberships.

    `email` is kept in lower case, so that one address is one login however it is typed.
    """

    email = models.EmailField(unique=True)
    display_name = models.TextField()
    lang = models.CharField(max_length=8, default="zh-hans")
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    objects = UserQuery()

    class Meta:
        """Django's options."""

        constraints = [models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case")]


class AgencyKind(models.TextChoices):
    """What kind of performer an agency row stands for."""

    EXTERNAL = "external"
    IN_HOUSE = "in_house"
    LAW_FIRM = "law_firm"
    ROBOT = "robot"


class Agency(TenantRow):
    """A performer of collection for one creditor: an outside firm, a law firm, the creditor's own team, or its robot.

    In-house teams and robots are rows like any other, because their calls count in the same limits.
    """

    code = models.TextField()
    name = models.TextField()
    kind = models.TextField(choices=AgencyKind.choices)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "code"], name="agency_code_once")]


class Role(models.TextChoices):
    """What a member may do; the first five are the creditor's side, the last two an agency's."""

    MANAGER = "manager"
    COMPLIANCE = "compliance"
    ACCOUNTANT = "accountant"
    ANALYST = "analyst"
    READ_ONLY = "read_only"
    LEAD = "lead"
    COLLECTOR = "collector"


CREDITOR_ROLES = (Role.MANAGER, Role.COMPLIANCE, Role.ACCOUNTANT, Role.ANALYST, Role.READ_ONLY)
AGENCY_ROLES = (Role.LEAD, Role.COLLECTOR)


class Membership(TenantRow):
    """A user's role, with a creditor or with one of its agencies, over a half-open span of days."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    agency = tenant_key(Agency, null=True)
    role = models.TextField(choices=Role.choices)
    from_on = models.DateField()
    until_on = models.DateField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(
                condition=Q(agency__isnull=True, role__in=CREDITOR_ROLES) | Q(agency__isnull=False, role__in=AGENCY_ROLES),
                name="membership_role_fits_side",
            ),
            models.UniqueConstraint(fields=["creditor", "user", "role"], condition=Q(until_on__isnull=True), name="membership_open_once"),
        ]


class Approval(TenantRow):
    """A decision on something another person asked for; the database refuses one person in both places. Append-only.

    `requested_by` is null when the system asked, as a scheduled step does.
    """

    subject_kind = models.TextField()
    subject_id = models.BigIntegerField()
    content_hash = models.CharField(max_length=64)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    is_granted = models.BooleanField()
    reason = models.TextField(default="")
    at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(condition=~Q(requested_by=F("decided_by")), name="approval_takes_two_people"),
            models.UniqueConstraint(fields=["creditor", "subject_kind", "subject_id"], name="approval_once"),
        ]


class Qualification(TenantRow):
    """Evidence that an agency may work: kind, the file that shows it, and a half-open span of validity."""

    agency = tenant_key(Agency)
    kind = models.TextField()
    evidence_file_id = models.BigIntegerField(null=True)
    valid_from_on = models.DateField()
    valid_until_on = models.DateField()

    class Meta:
        """Django's options."""

        constraints = [models.CheckConstraint(condition=Q(valid_until_on__gt=F("valid_from_on")), name="qualification_span")]


class CollectorQualification(TenantRow):
    """Evidence that one of an agency's people may collect: kind, the document that shows it, and a half-open span of validity.

    What the creditor's side puts down counts at once; what the agency's own lead puts down counts once the creditor confirms it, see
    Approval. `is_confirmed` is null while that waits. Of a row only its confirmation and its withdrawal change.
    """

    agency = tenant_key(Agency)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField()
    document_ref = models.TextField()
    valid_from_on = models.DateField()
    valid_until_on = models.DateField()
    is_said_by_agency = models.BooleanField()
    is_confirmed = models.BooleanField(null=True)
    content_hash = models.CharField(max_length=64)
    added_by = models.BigIntegerField()
    known_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.BigIntegerField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(condition=Q(valid_until_on__gt=F("valid_from_on")), name="collector_qualification_span"),
            models.CheckConstraint(
                condition=Q(is_said_by_agency=True) | Q(is_confirmed__isnull=False, is_confirmed=True),
                name="collector_qualification_waits_for_creditor",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="collector_qualification_withdrawn_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["creditor", "user"], name="qualification_of_collector")]


class Contract(TenantRow):
    """An agreement with an agency. Its terms stand in its versions."""

    agency = tenant_key(Agency)
    code = models.TextField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "code"], name="contract_code_once")]


class ContractVersion(TenantRow):
    """The terms of a contract from a day on; append-only, so that placements and statement lines can point to it for ever.

    `regions` and `products` are lists of codes, or null for all. `contracted_fields` names the only fields a handover may hold.
    `attribution_rule` is 'paid' or 'booked': which date of a payment must lie in the placement, both ends included, plus
    `attribution_tail_days` after its end. `tier_mode` is 'whole' or 'marginal'. A case count or amount that is null is no cap.
    """

    contract = tenant_key(Contract)
    number = models.IntegerField()
    signed_on = models.DateField(null=True)
    effective_on = models.DateField()
    expires_on = models.DateField()
    currency = models.CharField(max_length=3)
    regions = models.JSONField(null=True)
    products = models.JSONField(null=True)
    capacity_count = models.IntegerField(null=True)
    capacity_minor = models.BigIntegerField(null=True)
    share_cap_bp = models.IntegerField(null=True)
    placement_term_days = models.IntegerField()
    contracted_fields = models.JSONField()
    attribution_rule = models.TextField()
    attribution_tail_days = models.IntegerField(default=0)
    tier_mode = models.TextField(default="whole")
    rounding = models.TextField(default="half_up")

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "contract", "number"], name="contract_version_once"),
            models.CheckConstraint(condition=Q(expires_on__gt=F("effective_on")), name="contract_version_span"),
            models.CheckConstraint(condition=Q(attribution_rule__in=["paid", "booked"]), name="contract_version_attribution"),
        ]


class FeeSchedule(TenantRow):
    """The fees of a contract version from a day on; append-only."""

    contract_version = tenant_key(ContractVersion)
    effective_on = models.DateField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "contract_version", "effective_on"], name="fee_schedule_once")]


class FeeLine(TenantRow):
    """One cell of a fee schedule; bounds are half-open, an upper bound that is null is open. Append-only.

    Age is days past due at placement, a tier is the achieved recovery rate in basis points, a hand is the placement number.
    """

    fee_schedule = tenant_key(FeeSchedule)
    product_class = models.TextField(default="*")
    age_from_days = models.IntegerField()
    age_until_days = models.IntegerField(null=True)
    tier_from_bp = models.IntegerField()
    tier_until_bp = models.IntegerField(null=True)
    hand_from = models.SmallIntegerField()
    hand_until = models.SmallIntegerField(null=True)
    rate_bp = models.IntegerField()

    class Meta:
        """Django's options."""

        constraints = [models.CheckConstraint(condition=Q(rate_bp__gte=0) & Q(rate_bp__lte=10000), name="fee_line_rate")]


class ApiToken(TenantRow):
    """A key with which a program acts through the API: for the creditor's side, or for one of its agencies.

    Only the SHA-256 of the secret is kept. `prefix` is the part by which the token is found and named in lists; `scopes` says what it may
    do. What a test token asks for is decided and not recorded.
    """

    agency = tenant_key(Agency, null=True)
    name = models.TextField()
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField()
    is_test = models.BooleanField(default=False)
    created_by = models.BigIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        """Django's options."""

        constraints = [models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="api_token_span")]


class SavedView(TenantRow):
    """What a user looks at again in a listing: filters, order and columns, as an address's query, under a label of their own.

    The row without a label remembers the columns a user chose last. A shared view is seen by all people of the same side; `agency` is
    null on the creditor's side.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    agency = tenant_key(Agency, null=True)
    listing = models.TextField()
    label = models.TextField()
    query = models.TextField(default="")
    columns = models.JSONField(default=list)
    is_shared = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "user", "listing", "label"], name="saved_view_once"),
            models.CheckConstraint(condition=~Q(label="", is_shared=True), name="saved_view_shared_has_label"),
        ]


class Export(TenantRow):
    """Rows of a listing taken out as a file: who asked, for what purpose, who approved, and what became of it.

    `query` and `columns` say which rows; `content_hash` is over all that a second person decides on. `mark` decides the order of
    neighbouring rows, so that a file that turns up elsewhere tells which export it was. State goes asked → approved → ready → expired,
    asked → rejected, or starts as approved where no second person is needed. The file is destroyed when it expires.
    """

    listing = models.TextField()
    query = models.TextField()
    columns = models.JSONField()
    file_format = models.TextField()
    row_count = models.BigIntegerField()
    is_personal = models.BooleanField()
    needs_second = models.BooleanField()
    purpose = models.TextField()
    content_hash = models.CharField(max_length=64)
    mark = models.CharField(max_length=32)
    state = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    file_id = models.BigIntegerField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(condition=Q(state__in=["asked", "approved", "rejected", "ready", "expired"]), name="export_state"),
            models.CheckConstraint(condition=Q(file_format__in=["csv", "xlsx"]), name="export_file_format"),
            models.CheckConstraint(condition=~Q(state="ready") | Q(file_id__isnull=False, expires_at__isnull=False), name="export_ready"),
        ]
        indexes = [models.Index(fields=["creditor", "asked_by", "asked_at"], name="export_of_user")]


class Webhook(TenantRow):
    """An address of an integration to which events are sent: the creditor's, or one agency's with its own events only.

    `key_id` names the secret in every signature; the secret itself is kept sealed. `position` is the place in the sealed trail up to which
    its events were taken. One that is removed stays on record and gets nothing any more.
    """

    agency = tenant_key(Agency, null=True)
    name = models.TextField()
    url = models.TextField()
    event_kinds = models.JSONField()
    key_id = models.CharField(max_length=12, unique=True)
    secret_sealed = models.BinaryField()
    position = models.BigIntegerField()
    created_by = models.BigIntegerField()
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)


class WebhookDelivery(TenantRow):
    """One event on its way to one webhook: its bytes as they are signed, every try, and whether it arrived or was given up.

    `event_id` is the same however often it is sent. `tries` lists instant, status, problem and duration of each. A delivery that is
    claimed has its next try set after the claim's end, so that a killed sender's is sent again.
    """

    webhook = tenant_key(Webhook, db_index=False)
    agency = tenant_key(Agency, null=True)
    event_id = models.TextField()
    kind = models.TextField()
    body = models.TextField()
    state = models.TextField(default="waiting")
    try_count = models.IntegerField(default=0)
    tries = models.JSONField(default=list)
    next_try_at = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "webhook", "event_id"], name="webhook_event_once"),
            models.CheckConstraint(condition=Q(state__in=["waiting", "delivered", "dead"]), name="webhook_delivery_state"),
        ]
        indexes = [models.Index(fields=["creditor", "next_try_at"], condition=Q(state="waiting"), name="webhook_due")]
