"""The books and the trail. Only this room imports these models; everybody else calls its services and selectors.

The ledger lies below the rooms it serves, so it refers to their rows by id and kind, never by foreign key. Nothing here holds
personal data: ids, amounts and salted commitments only.
"""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One thing that happened, written unchained by a service inside its own transaction; append-only.

    `creditor_id` is 0 for the platform itself, `actor_id` 0 for the system. `details` holds ids, counts and commitments.
    """

    creditor_id = models.BigIntegerField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField()
    agency_id = models.BigIntegerField(null=True)
    action = models.TextField()
    subject_kind = models.TextField()
    subject_id = models.BigIntegerField()
    details = models.JSONField(default=dict)

    class Meta:
        """Django's options."""

        indexes = [models.Index(fields=["creditor_id", "subject_kind", "subject_id"], name="audit_event_subject")]


class Seal(models.Model):
    """One link of a creditor's chain: position, the event it seals, and the hash over both and the link before; append-only.

    Positions of one creditor are 1, 2, 3 … without gaps. `version` names the canonical byte form that was hashed.
    """

    creditor_id = models.BigIntegerField()
    position = models.BigIntegerField()
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="+")
    version = models.SmallIntegerField()
    previous_hash = models.BinaryField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor_id", "position"], name="seal_position_once")]


class Entry(models.Model):
    """One booking; append-only. Its postings sum to zero in every currency, which the database checks once, at commit.

    `source_kind` and `source_id` name the row that caused it; together with `kind` they are unique per creditor, so that the
    same cause is never booked twice. A correction is a new entry that names the one it `reverses`.
    """

    creditor_id = models.BigIntegerField()
    kind = models.TextField()
    source_kind = models.TextField()
    source_id = models.TextField()
    value_on = models.DateField()
    booked_on = models.DateField()
    known_at = models.DateTimeField()
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor_id", "kind", "source_kind", "source_id"], name="entry_source_once"),
            models.UniqueConstraint(fields=["reverses"], name="entry_reversed_once"),
        ]


class Posting(models.Model):
    """One side of an entry: a signed amount in minor units on a book, by account, instalment and component; append-only.

    A positive amount is a debit. `book` is the book-keeping account (receivable, cash, suspense …); `account_id` is the loan.
    """

    creditor_id = models.BigIntegerField()
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    book = models.TextField()
    account_id = models.BigIntegerField(null=True)
    agency_id = models.BigIntegerField(null=True)
    instalment_number = models.IntegerField(null=True)
    component = models.TextField(default="")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    value_on = models.DateField()
    booked_on = models.DateField()

    class Meta:
        """Django's options."""

        indexes = [models.Index(fields=["creditor_id", "account_id", "book"], name="posting_account")]
        constraints = [models.CheckConstraint(condition=~models.Q(amount_minor=0), name="posting_not_zero")]


class StoredFile(models.Model):
    """A file kept by content: its bytes lie under the home's `files/` by SHA-256; what is personal is sealed whole.

    `sha256` is over the plain bytes, `key_id` names the master key that wraps `wrapped_key`, and both are empty for files that
    hold nothing personal.
    """

    creditor_id = models.BigIntegerField()
    kind = models.TextField()
    name = models.TextField()
    media_type = models.TextField()
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    row_count = models.BigIntegerField(null=True)
    wrapped_key = models.BinaryField(null=True)
    stored_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor_id", "kind", "sha256"], name="stored_file_once")]


class IdempotencyKey(models.Model):
    """One request that must have one effect: the same key with another body is a conflict."""

    creditor_id = models.BigIntegerField()
    scope = models.TextField()
    key = models.TextField()
    request_hash = models.CharField(max_length=64)
    result_kind = models.TextField()
    result_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor_id", "scope", "key"], name="idempotency_key_once")]


class Job(models.Model):
    """Work that a person asked for on a page and that goes on behind it: who asked, what for, how far it is, how it ended.

    `asked_by` is the user, 0 for the system and below zero for an API token; with `agency_id` it is one of an agency's people. `roles` are
    those of who asked, `lang` the language they asked in. `parameters` hold ids, days and codes, `result` where the outcome is shown and
    counts, `error` the templates of what went wrong. Nothing personal.
    """

    creditor_id = models.BigIntegerField()
    agency_id = models.BigIntegerField(null=True)
    asked_by = models.BigIntegerField()
    roles = models.JSONField(default=list)
    lang = models.CharField(max_length=8)
    kind = models.TextField()
    parameters = models.JSONField(default=dict)
    state = models.TextField(default="queued")
    done_count = models.BigIntegerField(default=0)
    total_count = models.BigIntegerField(default=0)
    result = models.JSONField(default=dict)
    error = models.JSONField(default=dict)
    attempt_count = models.IntegerField(default=0)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Django's options."""

        indexes = [
            models.Index(fields=["creditor_id", "asked_by", "-id"], name="job_asked_by"),
            models.Index(fields=["creditor_id", "id"], condition=models.Q(ended_at__isnull=True), name="job_unended"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=["queued", "running", "done", "failed"]), name="job_state_known"),
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "running"], ended_at__isnull=True)
                | models.Q(state__in=["done", "failed"], ended_at__isnull=False),
                name="job_ended_has_its_instant",
            ),
        ]
