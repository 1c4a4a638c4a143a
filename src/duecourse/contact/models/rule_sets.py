"""What permits and refusals were held against, kept once for all that share it."""

from __future__ import annotations

from django.db import models

from duecourse.parties.models import TenantRow


class RuleSet(TenantRow):
    """The rules and the values that bound contacts of a kind, under the hash of their text, which evidence names. Append-only.

    `content` is `rules.verdict.RuleSet.text`.
    """

    hash = models.CharField(max_length=64)
    content = models.TextField()
    known_at = models.DateTimeField()

    class Meta:
        """Django's options."""

        constraints = [models.UniqueConstraint(fields=["creditor", "hash"], name="rule_set_once")]
