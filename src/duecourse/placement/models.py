"""Allocation and placement: which agency a case goes to, and the time it spends there."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from duecourse.parties.models import Agency, Contract, ContractVersion, TenantRow, tenant_key
from duecourse.portfolio.models import Account, Case


class AllocationRun(TenantRow):
    """One allocation of a day: the same inputs are the same run.

    `commitment` is the hash of the draw's secret, published before the tape came in. State goes draft → proposed → approved →
    published, or proposed → rejected; the approval is a second person's, in parties. `rows_hash` is what was approved. `proposed_by` is
    who computed a draft, and from the proposal on who proposed it.
    """

    run_id = models.BigIntegerField()
    as_of = models.DateField()
    inputs_hash = models.CharField(max_length=64)
    rows_hash = models.CharField(max_length=64)
    policy = models.JSONField()
    commitment = models.CharField(max_length=64)
    state = models.TextField(default="proposed")
    summary = models.JSONField(default=dict)
    proposed_by = models.BigIntegerField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "as_of", "inputs_hash"], name="allocation_run_once"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "proposed", "approved", "published", "rejected"]), name="allocation_run_state"
            ),
        ]


class AllocationRow(TenantRow):
    """What an allocation decided of one case, chosen or left out: agency, reason and propensity. Append-only.

    `hand` is the number that the placement would have, `balance_minor` what it would freeze; both are checked again at publication.
    """

    allocation_run = tenant_key(AllocationRun, db_index=False)
    case = tenant_key(Case)
    agency = tenant_key(Agency, null=True, db_index=False)
    contract_version = tenant_key(ContractVersion, null=True, db_index=False)
    segment_key = models.TextField()
    hand = models.SmallIntegerField()
    days_past_due = models.IntegerField()
    balance_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    expected_recovered_minor = models.BigIntegerField()
    is_random_slice = models.BooleanField()
    draw_share = models.FloatField(null=True)
    propensity_share = models.FloatField(null=True)
    feasible_agency_ids = models.JSONField(default=list)
    reason = models.TextField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "allocation_run", "case"], name="allocation_row_once")]


class Batch(TenantRow):
    """The cases that one allocation hands to one agency under one contract version; frozen when it is made."""

    allocation_run = tenant_key(AllocationRun)
    agency = tenant_key(Agency)
    contract = tenant_key(Contract)
    contract_version = tenant_key(ContractVersion)
    code = models.TextField()
    placed_on = models.DateField()
    term_until_on = models.DateField()
    case_count = models.IntegerField()
    placed_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "allocation_run", "agency"], name="batch_once"),
            models.UniqueConstraint(fields=["creditor", "code"], name="batch_code_once"),
        ]


class Placement(TenantRow):
    """The case being with an agency, over a half-open range of instants; the database admits one at a time per case.

    `term_until_on` is the planned end; `during` is what holds, open-ended until the placement ends. `hand` is the placement's
    number for the case. The rate's denominator is frozen in `placed_minor`.
    """

    batch = tenant_key(Batch)
    case = tenant_key(Case)
    agency = tenant_key(Agency)
    contract_version = tenant_key(ContractVersion, db_index=False)
    hand = models.SmallIntegerField()
    during = DateTimeRangeField()
    term_until_on = models.DateField()
    placed_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    days_past_due = models.IntegerField()
    segment_key = models.TextField()
    is_random_slice = models.BooleanField()
    propensity_share = models.FloatField()
    end_reason = models.TextField(default="")

    class Meta:
        """Django's options."""

        constraints = [
            ExclusionConstraint(
                name="placement_one_at_a_time",
                expressions=[
                    ("creditor", RangeOperators.EQUAL),
                    ("case", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
            models.UniqueConstraint(fields=["creditor", "case", "hand"], name="placement_hand_once"),
        ]
        indexes = [models.Index(fields=["creditor", "term_until_on"], condition=Q(during__upper_inf=True), name="placement_open_term")]


class PlacementAccount(TenantRow):
    """An account in a placement with its components frozen on the day it was placed, in minor units. Append-only.

    `joined_on` is the day on which an account that became overdue later followed; null for those the placement began with.
    """

    placement = tenant_key(Placement)
    account = tenant_key(Account)
    principal_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    penalty_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField()
    joined_on = models.DateField(null=True)

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "placement", "account"], name="placement_account_once")]


class PlacementMoveSet(TenantRow):
    """Placements that are moved together: previewed, perhaps requested and decided by a second person, applied, perhaps undone.

    `kind` is extend, return, recall, swap or close; `parameters` holds its dates and, for a swap, the agency. `rows_hash` is the hash
    of all of it and its rows: what a second person decides on. `agency_id` is the agency that asked, null on the creditor's side.
    """

    kind = models.TextField()
    reason_code = models.TextField()
    words = models.TextField(default="")
    as_of = models.DateField()
    parameters = models.JSONField(default=dict)
    rows_hash = models.CharField(max_length=64)
    state = models.TextField(default="previewed")
    agency = tenant_key(Agency, null=True)
    requested_by = models.BigIntegerField()
    known_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["extend", "return", "recall", "swap", "close"]), name="move_set_kind"),
            models.CheckConstraint(
                condition=Q(state__in=["previewed", "requested", "applied", "rejected", "withdrawn", "undone"]), name="move_set_state"
            ),
            models.UniqueConstraint(fields=["creditor", "rows_hash"], condition=Q(state="previewed"), name="move_set_previewed_once"),
        ]


class PlacementMove(TenantRow):
    """One case of a set of moves: what the preview said of it, and what became of it.

    `seen_transition_id` is the newest step of the placement that the preview saw: when there is a newer one, the row is left alone.
    `verdict` is `allowed` or why not, `outcome` is `applied`, `undone` or why not, and empty before the set is applied.
    """

    move_set = tenant_key(PlacementMoveSet, db_index=False)
    case = tenant_key(Case)
    placement = tenant_key(Placement, null=True)
    seen_transition_id = models.BigIntegerField(null=True)
    ground = models.TextField(default="")
    verdict = models.TextField()
    outcome = models.TextField(default="")

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "move_set", "case"], name="move_once")]


class PlacementTransition(TenantRow):
    """A dated step in a placement's life. Append-only.

    `status` is placed, extended, recall_pending, recall_cancelled, recalled, returned, swapped, term_ended or closed. `last_on` is
    the last day the agency works, where the step moves it (extended, recall_pending).
    """

    placement = tenant_key(Placement)
    status = models.TextField()
    reason_code = models.TextField(db_default="", default="")
    reason = models.TextField(default="")
    effective_on = models.DateField()
    last_on = models.DateField(null=True)
    move_set = tenant_key(PlacementMoveSet, null=True)
    known_at = models.DateTimeField()
    actor_id = models.BigIntegerField()

    class Meta:
        """Django's options."""

        indexes = [
            models.Index(fields=["creditor", "placement"], condition=Q(status="recall_pending"), name="placement_recall_pending"),
            models.Index(fields=["creditor", "placement"], condition=Q(status="extended"), name="placement_extended"),
        ]


class PlacementPolicy(TenantRow):
    """What the creditor decides about placements from a day on, for one contract or for all; the newest row counts. Append-only."""

    contract = tenant_key(Contract, null=True, db_index=False)
    effective_on = models.DateField()
    terms = models.JSONField()
    known_at = models.DateTimeField()
    actor_id = models.BigIntegerField()


class Handover(TenantRow):
    """The package of a batch: contracted fields only, with a manifest and the hash of the file. Append-only."""

    batch = tenant_key(Batch)
    file_id = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    manifest = models.JSONField()
    row_count = models.IntegerField()
    handed_over_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "batch"], name="handover_once")]


class BatchReceipt(TenantRow):
    """What an agency said of a batch it was given: accepted, or what is wrong with it. Append-only; one acceptance per batch.

    `sha256` and `row_count` are those of the package that was compared; a discrepancy has a code, how many cases it is about, and words.
    """

    batch = tenant_key(Batch)
    agency = tenant_key(Agency, db_index=False)
    kind = models.TextField()
    sha256 = models.CharField(max_length=64)
    row_count = models.IntegerField()
    reason_code = models.TextField(default="")
    case_count = models.IntegerField(default=0)
    words = models.TextField(default="")
    user_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "batch"], condition=Q(kind="accepted"), name="batch_accepted_once"),
            models.CheckConstraint(
                condition=Q(kind="accepted", reason_code="") | Q(kind="discrepancy") & ~Q(reason_code=""), name="batch_receipt_kind"
            ),
        ]


class CaseAssignment(TenantRow):
    """That a collector of the agency works a placed case, over a half-open span of instants; one collector at a time per case.

    It ends with the placement at the latest. `assigned_by` and `ended_by` are users; only the end is ever written later.
    """

    placement = tenant_key(Placement)
    case = tenant_key(Case, db_index=False)
    agency = tenant_key(Agency, db_index=False)
    user_id = models.BigIntegerField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    assigned_by = models.BigIntegerField()
    ended_by = models.BigIntegerField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "case"], condition=Q(until_at__isnull=True), name="case_assigned_once"),
            models.CheckConstraint(condition=Q(until_at__isnull=True) | Q(until_at__gte=models.F("from_at")), name="assignment_span"),
        ]
        indexes = [
            models.Index(fields=["user_id", "creditor", "case"], condition=Q(until_at__isnull=True), name="assignment_of_user"),
        ]
