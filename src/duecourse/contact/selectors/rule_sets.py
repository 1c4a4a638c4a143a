"""Evidence as people read it: joined with the rules and values it was held against."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from duecourse.parties.access import Actor
from duecourse.rules.verdict import whole

_READ = "SELECT hash, content FROM gate.rule_sets(%s, %s)"
_log = logging.getLogger(__name__)


def whole_evidence(*, actor: Actor, evidences: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return stored explanations of permits and refusals whole, in the order given; those of the older form are whole already.

    Call inside `acting`, with explanations that the actor was shown. Where a rule set is gone, after a restore in parts for example, or is
    none, the findings are still told: `packs` and `checked` are then empty and `rule_set` names what is missing.
    """
    hashes = sorted({evidence["rule_set"] for evidence in evidences if "rule_set" in evidence})
    found: dict[str, str] = {}
    if hashes:
        with connection.cursor() as cursor:
            cursor.execute(_READ, [actor.creditor_id, hashes])
            found = dict(cursor.fetchall())
    return [_joined(evidence, found) if "rule_set" in evidence else dict(evidence) for evidence in evidences]


def _joined(evidence: Mapping[str, Any], found: Mapping[str, str]) -> dict[str, Any]:
    try:
        return whole(evidence, json.loads(found[evidence["rule_set"]]))
    except (ValueError, LookupError, TypeError) as error:
        _log.error("The rule set %s cannot be read (%s); what names it is shown without it.", evidence["rule_set"], type(error).__name__)
        return dict(evidence) | {"packs": [], "checked": []}
