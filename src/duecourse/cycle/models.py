"""The month and its steps, as they were run."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from duecourse.parties.models import TenantRow, tenant_key


class Run(TenantRow):
    """One month of one creditor. Its draw secret is committed to before the first tape and shown when the month is closed."""

    month = models.CharField(max_length=7)
    commitment = models.CharField(max_length=64)
    secret_sealed = models.BinaryField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    audit_position = models.BigIntegerField(null=True)
    audit_hash = models.CharField(max_length=64, default="")

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "month"], name="run_once")]


class StepRun(TenantRow):
    """One execution of a step: the same inputs do nothing twice, and newer inputs supersede by a newer row.

    `laws` holds each conservation law with both of its sides; `inputs_file_id` the frozen, pseudonymised inputs, from which a
    replay computes `outputs_hash` again.
    """

    run = tenant_key(Run)
    step = models.TextField()
    period = models.TextField()
    inputs_hash = models.CharField(max_length=64)
    outputs_hash = models.CharField(max_length=64, default="")
    inputs_file_id = models.BigIntegerField(null=True)
    counts = models.JSONField(default=dict)
    laws = models.JSONField(default=list)
    state = models.TextField(default="prepared")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """Django's options."""

        constraints = [
            models.UniqueConstraint(fields=["creditor", "step", "period", "inputs_hash"], name="step_run_once"),
            models.CheckConstraint(condition=Q(state__in=["prepared", "applied", "checked"]), name="step_run_state"),
        ]
