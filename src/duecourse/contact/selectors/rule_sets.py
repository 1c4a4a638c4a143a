"""Evidence as people read it: joined with the rules and values it was held against."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from duecourse.parties.access import Actor
from duecourse.rules.verdict import whole

_READ = "SELECT hash, content FROM gate.rule_sets(%s, %s)"


def whole_evidence(*, actor: Actor, evidences: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return stored explanations of permits and refusals whole, in the order given; those of the older form are whole already.

    Call inside `acting`, with explanations that the actor was shown.
    """
    hashes = sorted({evidence["rule_set"] for evidence in evidences if "rule_set" in evidence})
    found: dict[str, Any] = {}
    if hashes:
        with connection.cursor() as cursor:
            cursor.execute(_READ, [actor.creditor_id, hashes])
            found = {name: json.loads(content) for name, content in cursor.fetchall()}
    return [whole(evidence, found[evidence["rule_set"]]) if "rule_set" in evidence else dict(evidence) for evidence in evidences]
