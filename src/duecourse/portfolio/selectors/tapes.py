"""The files that were taken in: a list of them, and what one page tells of one. Call inside `acting(...)`; agencies see none."""

from __future__ import annotations

from typing import Any

from duecourse.kit.errors import Problem
from duecourse.kit.records import surplus
from duecourse.ledger.selectors import PageQuery
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.portfolio.errors import TapeMissing

_COUNTS = ", ".join(f"coalesce((t.counts->>'{name}')::bigint, 0) AS {name}" for name in ("row_count", "accepted_count", "rejected_count"))
_REJECTED = "coalesce((t.counts->>'rejected_count')::bigint, 0)"

TAPES_PAGE = PageQuery(
    select=f"t.id AS tape_id, 'feed_' || t.feed_kind AS feed_kind, t.as_of, t.known_at, t.mapping_name, t.mapping_version, {_COUNTS}, "
    f"coalesce(f.name, t.sha256) AS file_name, CASE WHEN {_REJECTED} > 0 THEN 'with_rejects' ELSE 'all_taken' END AS outcome, "
    "jsonb_array_length(t.quarantined_columns) AS quarantined_count",
    source="FROM portfolio_tape t LEFT JOIN ledger_storedfile f ON f.creditor_id = t.creditor_id AND f.id = t.file_id",
    always="t.creditor_id = %(creditor_id)s AND t.state = 'published'",
    wheres={
        "kind": "'feed_' || t.feed_kind = %(kind)s",
        "day": "t.as_of = %(day)s::date",
        "state": f"({_REJECTED} > 0) = (%(state)s = 'with_rejects')",
        "file": "strpos(lower(coalesce(f.name, '')), lower(%(file)s)) > 0",
        "mapping": "t.mapping_name = %(mapping)s",
    },
    orders={
        "known_at": "t.known_at",
        "as_of": "t.as_of",
        "row_count": "coalesce((t.counts->>'row_count')::bigint, 0)",
        "rejected": _REJECTED,
    },
    key="t.id",
)
"""Tapes that were taken in, the day they were taken in as `known_at`."""

_TAPE = """
SELECT t.id AS tape_id, t.feed_kind, t.as_of, t.known_at, t.sha256, t.mapping_name, t.mapping_version, t.control_totals, t.counts,
       t.quarantined_columns, t.file_id, t.rejects_file_id, coalesce(f.name, '') AS file_name, coalesce(f.size_bytes, 0) AS size_bytes,
       f.destroyed_at AS file_destroyed_at, r.destroyed_at AS rejects_destroyed_at
FROM portfolio_tape t
LEFT JOIN ledger_storedfile f ON f.creditor_id = t.creditor_id AND f.id = t.file_id
LEFT JOIN ledger_storedfile r ON r.creditor_id = t.creditor_id AND r.id = t.rejects_file_id
WHERE t.creditor_id = %(creditor)s AND t.id = %(tape)s AND t.state = 'published'
"""


def tape_page(actor: Actor, /, tape_id: int) -> dict[str, Any]:
    """Return what is known of one file.

    Returns:
        The tape's facts; `problems` of rejected rows and `notices` that refuse nothing, both as `Problem`, the first of each; `quarantined`
        as {column, cell_count, reason}, the reason an English sentence that is also the key of its translation; `law`, which is rows =
        accepted + rejected + passed over, as {row_count, accepted_count, rejected_count, passed_over_count, holds}.

    Raises:
        TapeMissing: there is none for this actor.
    """
    found = [] if actor.is_agency else dicts(_TAPE, creditor=actor.creditor_id, tape=tape_id)
    if not found:
        raise TapeMissing(entity="file")
    tape = found[0]
    counts = tape["counts"]
    sample = [Problem(**record) for record in counts.pop("sample", [])]
    parts = {name: counts.get(name, 0) for name in ("row_count", "accepted_count", "rejected_count", "passed_over_count")}
    return tape | {
        "problems": [problem for problem in sample if problem.row],
        "notices": [problem for problem in sample if not problem.row],
        "problem_counts": dict(sorted(counts.get("problems", {}).items(), key=lambda pair: -pair[1])),
        "quarantined": [_quarantined(column) for column in tape["quarantined_columns"]],
        "law": parts | {"holds": parts["row_count"] == sum(parts.values()) - parts["row_count"]},
        "has_original": tape["file_id"] is not None and tape["file_destroyed_at"] is None,
        "has_rejects": tape["rejects_file_id"] is not None and tape["rejects_destroyed_at"] is None,
    }


def mapping_uses(*, creditor_id: int) -> dict[tuple[str, str], dict[str, Any]]:
    """Return (name, version) of mappings that files of this creditor were read with → `tape_count` and `last_at`."""
    query = """
        SELECT mapping_name, mapping_version, count(*) AS tape_count, max(known_at) AS last_at FROM portfolio_tape
        WHERE creditor_id = %(creditor)s AND state = 'published' GROUP BY mapping_name, mapping_version
    """
    return {(row["mapping_name"], row["mapping_version"]): row for row in dicts(query, creditor=creditor_id)}


def _quarantined(column: dict[str, Any]) -> dict[str, Any]:
    code = column.get("code") or surplus.surplus_code(column["column"]) or "NamedSurplus"
    return column | {"code": code, "reason": surplus.KINDS[code][0]}
