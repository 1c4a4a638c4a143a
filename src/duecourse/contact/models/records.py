"""What telephone systems recorded of calls that really were dialled, and what each was found to be."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.contact.models.permits import Permit
from duecourse.parties.models import Agency, TenantRow, tenant_key


class CallDefinition(TenantRow):
    """From which day on a call counts as connected and as effective, and how far times and durations may differ. Append-only.

    A call is *connected* when somebody or something answered and talk lasted `connected_seconds_min` or more; *effective* when it is connected
    and lasted `effective_seconds_min` or more. `is_voicemail_connected` says whether voicemail answers. A call may begin
    `clock_tolerance_seconds` outside its permit, and a reported duration differ by `duration_tolerance_seconds`, without being a finding. One that
    may loosen says `needs_approval` and holds once another person approved it, see Approval.
    """

    from_on = models.DateField()
    connected_seconds_min = models.IntegerField(default=0)
    effective_seconds_min = models.IntegerField(default=0)
    is_voicemail_connected = models.BooleanField(default=True)
    clock_tolerance_seconds = models.IntegerField(default=60)
    duration_tolerance_seconds = models.IntegerField(default=15)
    needs_approval = models.BooleanField(default=False)
    content_hash = models.CharField(max_length=64, default="")
    added_by = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "from_on", "known_at"], name="call_definition_once"),
            models.CheckConstraint(
                condition=Q(connected_seconds_min__gte=0, effective_seconds_min__gte=0)
                & Q(clock_tolerance_seconds__gte=0, duration_tolerance_seconds__gte=0),
                name="call_definition_not_negative",
            ),
        ]


class CallRecordFile(TenantRow):
    """A performer's call records of one day: the file's hash, how it was read, its sealed original and rejects, who loaded it.

    `counts` speaks of rows only, never of whose numbers they were: the performer sees it. `loaded_by` is the user, 0 for the system, below zero
    for a token.
    """

    performer = tenant_key(Agency, db_index=False)
    local_on = models.DateField()
    sha256 = models.CharField(max_length=64)
    mapping_name = models.TextField()
    mapping_version = models.TextField()
    file_id = models.BigIntegerField(null=True)
    rejects_file_id = models.BigIntegerField(null=True)
    counts = models.JSONField(default=dict)
    loaded_by = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(
                fields=["creditor", "performer", "local_on", "sha256", "mapping_name", "mapping_version"], name="call_file_once"
            )
        ]
        indexes = [models.Index(fields=["creditor", "local_on"], name="call_file_day")]


class CallDisposition(models.TextChoices):
    """How a call ended, as the telephone system saw it; what it calls otherwise is `other`."""

    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    FAILED = "failed"
    OTHER = "other"


class CallRecord(TenantRow):
    """A call that was dialled, as the performer's telephone system recorded it. Append-only; the number itself is kept nowhere.

    `call_ref` is the system's own id of the call; `local_on` the creditor's day on which it began; `stated_permit` the permit the performer
    names, as text; `disposition_said` its own word for how the call ended; `agent_code` the seat or staff number that dialled.
    """

    performer = tenant_key(Agency, db_index=False)
    record_file = tenant_key(CallRecordFile, db_index=False)
    row_number = models.IntegerField()
    call_ref = models.TextField()
    local_on = models.DateField()
    started_at = models.DateTimeField()
    ring_seconds = models.IntegerField(null=True)
    talk_seconds = models.IntegerField()
    total_seconds = models.IntegerField(null=True)
    disposition = models.TextField(choices=CallDisposition.choices)
    disposition_said = models.TextField(default="")
    caller_line = models.TextField(default="")
    agent_code = models.TextField(default="")
    stated_permit = models.TextField(default="")
    recording_ref = models.TextField(default="")

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "performer", "call_ref"], name="call_record_once"),
            models.CheckConstraint(condition=Q(talk_seconds__gte=0), name="call_record_talk_not_negative"),
        ]
        indexes = [models.Index(fields=["creditor", "local_on", "performer"], name="call_record_day")]


class CallMatch(TenantRow):
    """What a recorded call was found to be: whose number was dialled, under which permit, and whether it counts as connected.

    It is found again when more is known, and agencies do not see it: it would tell them whose numbers the creditor has. `number_index` is the
    blind index of the number dialled, under the key `index_key_id`; it goes when the person is erased. `permit_on` is the permit's local day, `person_id` its debtor, or
    the first whose number it is. `fault` says why the permit that the performer stated is not this call's, or that it was used by another.
    """

    record = models.OneToOneField(CallRecord, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    number_index = models.BinaryField(null=True)
    index_key_id = models.TextField(default="")
    person_id = models.BigIntegerField(null=True)
    contact_point_id = models.BigIntegerField(null=True)
    permit = tenant_key(Permit, null=True, db_index=False)
    permit_on = models.DateField(null=True)
    fault = models.TextField(default="")
    is_connected = models.BooleanField()
    is_effective = models.BooleanField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "permit"], name="call_match_permit_once", deferrable=models.Deferrable.DEFERRED),
            models.CheckConstraint(
                condition=Q(permit__isnull=True, permit_on__isnull=True) | Q(permit__isnull=False, permit_on__isnull=False),
                name="call_match_permit_day",
            ),
        ]
        indexes = [models.Index(fields=["creditor", "number_index"], name="call_match_number")]
