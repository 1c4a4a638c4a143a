"""Assets and cases: what the creditor is owed, by whom, and in which unit of work.

Personal columns are sealed with a key of the person's own that stands in `PersonSecret`, outside every append-only table:
erasing a person destroys that row's key, salt and blind index, and what was sealed with it is gone.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from duecourse.parties.models import TenantRow, tenant_key


class Tape(TenantRow):
    """One file of overdue loans, by content: the same bytes under the same mapping are one tape.

    `state` goes staged → published; rows of a tape that was not published are not seen by anybody. `control_totals` holds what
    the sender declared, `counts` what was read: rows, accepted, rejected, and the sum of balances by currency. `feed_kind` is overdue for a
    whole picture, else the kind of a daily feed; `feed_at` is the core's instant for rows without one of their own, null where none was given.
    """

    feed_kind = models.TextField()
    as_of = models.DateField()
    feed_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64)
    mapping_name = models.TextField()
    mapping_version = models.TextField()
    state = models.TextField(default="staged")
    file_id = models.BigIntegerField(null=True)
    rejects_file_id = models.BigIntegerField(null=True)
    control_totals = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    quarantined_columns = models.JSONField(default=list)
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(
                fields=["creditor", "feed_kind", "as_of", "feed_at", "sha256", "mapping_name", "mapping_version"],
                name="tape_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(state__in=["staged", "published"]), name="tape_state"),
        ]


class Person(TenantRow):
    """A debtor or another obligor, an individual or a company; the row the contact counters and locks go by.

    It holds nothing personal. `zone` is the IANA zone of the person's local time and `zone_source` where it comes from.
    """

    kind = models.TextField(default="individual")
    zone = models.TextField(null=True)
    zone_source = models.TextField(default="")
    known_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        """Django's options."""

        constraints = [models.CheckConstraint(condition=Q(kind__in=["individual", "company"]), name="person_kind")]


class PersonSecret(TenantRow):
    """What identifies a person, sealed; erasure deletes this row and nothing else is needed.

    `wrapped_key` is the person's own data key under a master key, `salt` blinds commitments, `identity_index` is the HMAC of
    the normalised identity number under the creditor's index key `index_key_id`. Without an identity there is no index and the
    person is never merged.
    """

    person = tenant_key(Person, db_index=False)
    wrapped_key = models.BinaryField()
    salt = models.BinaryField()
    name_sealed = models.BinaryField(null=True)
    identity_kind = models.TextField(default="")
    identity_sealed = models.BinaryField(null=True)
    identity_index = models.BinaryField(null=True)
    index_key_id = models.TextField(default="")

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "person"], name="person_secret_once"),
            models.UniqueConstraint(
                fields=["creditor", "identity_index", "index_key_id"],
                condition=Q(identity_index__isnull=False),
                name="person_identity_once",
            ),
        ]


class Account(TenantRow):
    """A loan account. `balance_authority` says whose balance counts: the bank's feed (`core`) or our ledger (`self`).

    `waits_from_on` is set while it waits outside of its debtor's case, because that case was with an agency when the account came.
    """

    number = models.TextField()
    product_class = models.TextField()
    lender_class = models.TextField()
    currency = models.CharField(max_length=3)
    balance_authority = models.TextField(default="core")
    region = models.TextField(default="")
    opened_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)
    charged_off_on = models.DateField(null=True)
    credit_limit_minor = models.BigIntegerField(null=True)
    collateral_reference = models.TextField(default="")
    waits_from_on = models.DateField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "number"], name="account_number_once"),
            models.CheckConstraint(condition=Q(balance_authority__in=["core", "self"]), name="account_authority"),
        ]


class Obligation(TenantRow):
    """That a person answers for an account, in a role, over a half-open span of days."""

    account = tenant_key(Account, db_index=False)
    person = tenant_key(Person)
    role = models.TextField(default="borrower")
    from_on = models.DateField()
    until_on = models.DateField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(
                fields=["creditor", "account", "person", "role"], condition=Q(until_on__isnull=True), name="obligation_once"
            ),
            models.CheckConstraint(condition=Q(role__in=["borrower", "co_borrower", "guarantor", "heir"]), name="obligation_role"),
        ]


class ContactPoint(TenantRow):
    """A way to reach a person: sealed value, blind index with its key id, whose it is, where its zone comes from, validity."""

    person = tenant_key(Person, db_index=False)
    kind = models.TextField()
    whose = models.TextField(default="self")
    value_sealed = models.BinaryField()
    value_index = models.BinaryField(null=True)
    index_key_id = models.TextField(default="")
    zone = models.TextField(null=True)
    zone_source = models.TextField(default="")
    valid_from_on = models.DateField()
    valid_until_on = models.DateField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "person", "kind", "value_index", "index_key_id"], name="contact_point_once")
        ]
        indexes = [models.Index(fields=["creditor", "value_index"], name="contact_point_value")]


class Schedule(TenantRow):
    """One version of an account's repayment schedule, from a day on."""

    account = tenant_key(Account)
    number = models.IntegerField()
    effective_on = models.DateField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "account", "number"], name="schedule_once")]


class Instalment(TenantRow):
    """One instalment of a schedule: due date and what falls due by component, in minor units."""

    schedule = tenant_key(Schedule)
    number = models.IntegerField()
    due_on = models.DateField()
    principal_minor = models.BigIntegerField(default=0)
    interest_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "schedule", "number"], name="instalment_once")]


class TapeRow(TenantRow):
    """What a tape or a daily feed says of an account: dates, the bank's own count of days, and the balance by component, in minor units.

    The newest by `feed_at` counts: the row's own instant, the file's, or for a tape without either the beginning of its day. `is_superseded`
    says that a newer row was known when this one came, so that nothing was done with it.
    """

    tape = tenant_key(Tape, db_index=False)
    account = tenant_key(Account, db_index=False)
    row_number = models.IntegerField()
    feed_at = models.DateTimeField()
    is_superseded = models.BooleanField(default=False, db_default=False)
    oldest_due_on = models.DateField(null=True)
    days_past_due = models.IntegerField(null=True)
    principal_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    penalty_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField()
    instalment_minor = models.BigIntegerField(null=True)
    last_paid_on = models.DateField(null=True)
    last_paid_minor = models.BigIntegerField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "tape", "row_number"], name="tape_row_once"),
            models.CheckConstraint(
                condition=Q(balance_minor=F("principal_minor") + F("interest_minor") + F("fee_minor") + F("penalty_minor")),
                name="tape_row_components_sum",
            ),
        ]
        indexes = [models.Index(fields=["account", "-feed_at"], name="tape_row_newest")]


class FeedFact(TenantRow):
    """What a daily feed says happened to an account: paid, cured, stopped or recalled, at `feed_at`. Append-only.

    The state of an account is the newest fact of a kind, whatever the order in which files come. `is_superseded` says that a newer one was
    known when this one came. `reason_code`, `scope`, `from_on`, `until_on` and `is_lifted` belong to a stop; `until_on` is the day after the last.
    """

    tape = tenant_key(Tape, db_index=False)
    account = tenant_key(Account, db_index=False)
    row_number = models.IntegerField()
    kind = models.TextField()
    feed_at = models.DateTimeField()
    known_at = models.DateTimeField()
    is_superseded = models.BooleanField()
    reason_code = models.TextField(default="", db_default="")
    scope = models.TextField(default="", db_default="")
    from_on = models.DateField(null=True)
    until_on = models.DateField(null=True)
    is_lifted = models.BooleanField(default=False, db_default=False)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "tape", "row_number"], name="feed_fact_once"),
            models.CheckConstraint(condition=Q(kind__in=["paid", "cured", "stopped", "recalled"]), name="feed_fact_kind"),
        ]
        indexes = [models.Index(fields=["account", "kind", "feed_at"], name="feed_fact_newest")]


class WaitingRow(TenantRow):
    """A row of a daily feed whose account nobody has told of yet; it becomes a fact when the account comes, and is gone from here then."""

    tape = tenant_key(Tape, db_index=False)
    row_number = models.IntegerField()
    number = models.TextField()
    kind = models.TextField()
    terms = models.JSONField(default=dict)

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "tape", "row_number"], name="waiting_row_once")]
        indexes = [models.Index(fields=["creditor", "number"], name="waiting_row_number")]


class Case(TenantRow):
    """A unit of work: one primary obligor × creditor × work stream.

    `open_agency_id` repeats the agency of the open placement, so that row-level security is one equality; only placement's
    services set it. `hand_count` is how many placements the case has had.
    """

    person = tenant_key(Person)
    work_stream = models.TextField(default="collection")
    region = models.TextField(default="")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    close_reason = models.TextField(default="")
    open_agency_id = models.BigIntegerField(null=True, db_index=True)
    hand_count = models.SmallIntegerField(default=0)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(
                fields=["creditor", "person", "work_stream"], condition=Q(closed_on__isnull=True), name="case_open_once"
            )
        ]


class CaseAccount(TenantRow):
    """That an account is worked in a case, over a half-open span of days; at most one open case per account."""

    case = tenant_key(Case)
    account = tenant_key(Account, db_index=False)
    from_on = models.DateField()
    until_on = models.DateField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "account"], condition=Q(until_on__isnull=True), name="case_account_open_once")
        ]


class CaseTransition(TenantRow):
    """A case's status from a day on, with its reason; the status is the newest row, never a flag. Append-only."""

    case = tenant_key(Case)
    status = models.TextField()
    reason = models.TextField(default="")
    effective_on = models.DateField()
    known_at = models.DateTimeField()
    actor_id = models.BigIntegerField()


class Hold(TenantRow):
    """A reason not to contact or not to place a person, over a half-open span of days; written for the room that knows why.

    `kind` is for example dispute, deceased, bankrupt, stop_list, complaint, paid_already. `source_kind` and `source_id` name the
    row of the upper room.
    """

    person = tenant_key(Person)
    kind = models.TextField()
    stops_contact = models.BooleanField()
    stops_placement = models.BooleanField()
    source_kind = models.TextField()
    source_id = models.BigIntegerField()
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "source_kind", "source_id", "kind"], name="hold_source_once")]


class StopList(TenantRow):
    """One file of debtors to leave alone (停催名单), by its content: the same bytes under the same name on the same day are one list.

    `is_whole` says that the file shows everybody who stands on the list of that name: whoever is missing is lifted. `counts` holds what
    was read and done.
    """

    name = models.TextField()
    as_of = models.DateField()
    sha256 = models.CharField(max_length=64)
    is_whole = models.BooleanField()
    counts = models.JSONField(default=dict)
    loaded_by = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "name", "as_of", "sha256", "is_whole"], name="stop_list_once")]


class StopEntry(TenantRow):
    """One debtor on a stop list: the source of a hold, which ends when the stop is lifted. Append-only.

    `account` is the account the file named, or null when it named an identity number. `pauses_term` and `counts_in_rate` say how the
    stop touches a placement's term and the live rates.
    """

    stop_list = tenant_key(StopList, db_index=False)
    row_number = models.IntegerField()
    person = tenant_key(Person)
    account = tenant_key(Account, null=True, db_index=False)
    reason_code = models.TextField()
    scope = models.TextField()
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    pauses_term = models.BooleanField()
    counts_in_rate = models.BooleanField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "stop_list", "row_number", "person"], name="stop_entry_once"),
            models.CheckConstraint(condition=Q(scope__in=["contact", "placement", "both"]), name="stop_entry_scope"),
        ]


class Pause(TenantRow):
    """A span of days, half-open, in which an account's delinquency clock stands still; may be backdated, so it has known_at."""

    account = tenant_key(Account)
    kind = models.TextField()
    source_kind = models.TextField()
    source_id = models.BigIntegerField()
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.CheckConstraint(condition=Q(until_on__isnull=True) | Q(until_on__gt=F("from_on")), name="pause_span")]
