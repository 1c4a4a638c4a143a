"""An account's age explained: which due date the count began on, what stopped it, and the bucket that follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from duecourse.engine.ageing import STANDARD_BUCKETS
from duecourse.ledger.selectors.rows import dicts

_NEWEST = """
SELECT s.account_id, s.as_of, s.days_past_due, s.paused_days_count, s.bucket, s.currency, s.balance_minor, s.known_at,
       r.oldest_due_on, r.days_past_due AS reported_days_past_due, r.balance_minor AS told_minor, r.told_on
FROM unnest(%(accounts)s::bigint[]) AS wanted (account_id)
JOIN LATERAL (
    SELECT * FROM portfolio_snapshot s WHERE s.creditor_id = %(creditor)s AND s.account_id = wanted.account_id
    ORDER BY s.as_of DESC, s.id DESC LIMIT 1) s ON true
LEFT JOIN LATERAL (
    SELECT r.oldest_due_on, r.days_past_due, r.balance_minor, t.as_of AS told_on FROM portfolio_taperow r
    JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id
    WHERE r.creditor_id = %(creditor)s AND r.account_id = wanted.account_id AND t.state = 'published' AND t.as_of <= s.as_of
      AND t.known_at <= s.known_at
    ORDER BY r.feed_at DESC, r.balance_minor, t.id DESC LIMIT 1) r ON true
ORDER BY s.account_id
"""
_PAUSES = """
SELECT account_id, kind, from_on, until_on, known_at FROM portfolio_pause
WHERE creditor_id = %(creditor)s AND account_id = ANY(%(accounts)s::bigint[]) ORDER BY account_id, from_on, id
"""


@dataclass(frozen=True, slots=True)
class PauseShown:
    """A span of days in which the clock stood, half-open; `is_counted` when the newest count knew of it."""

    kind: str
    from_on: date
    until_on: date | None
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Age:
    """How old a debt is, with the terms of the subtraction.

    Attributes:
        account_id: the account.
        as_of: the day of the newest count.
        counted_by: `core` when the bank's own count stands, `dates` when it was counted here, `nothing_due`.
        oldest_due_on: the due date of the oldest unpaid instalment, as the newest file before the count told it; None when it told none.
        told_on: the day of that file.
        elapsed_days_count: days from the due date to the day of the count, or the bank's own count.
        paused_days_count: days taken off because the clock stood.
        other_days_count: what else was taken off: days of grace, and another way to count days; below zero when it adds.
        days_past_due: elapsed − paused − other.
        bucket: its name.
        first_day: first day past due of the bucket, None when the bucket is none of the standard ones.
        last_day: its last day, None for the open one.
        currency, balance_minor: what was owed then.
        pauses: every pause of the account.
    """

    account_id: int
    as_of: date
    counted_by: str
    oldest_due_on: date | None
    told_on: date | None
    elapsed_days_count: int
    paused_days_count: int
    other_days_count: int
    days_past_due: int
    bucket: str
    first_day: int | None
    last_day: int | None
    currency: str
    balance_minor: int
    pauses: list[PauseShown] = field(default_factory=list)


def ages_explained(*, creditor_id: int, account_ids: Iterable[int]) -> dict[int, Age]:
    """Return the newest age of accounts, by account; one that was never aged is missing.

    Guarantees: days_past_due = elapsed_days_count − paused_days_count − other_days_count.

    Source: docs/algorithms/ageing.md.
    """
    wanted = {"creditor": creditor_id, "accounts": list(account_ids)}
    pauses: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in dicts(_PAUSES, **wanted):
        pauses[row["account_id"]].append(row)
    return {row["account_id"]: _age(row, pauses[row["account_id"]]) for row in dicts(_NEWEST, **wanted)}


def _age(row: dict[str, Any], pauses: list[dict[str, Any]], /) -> Age:
    if row["reported_days_past_due"] is not None:
        counted_by, elapsed = "core", max(row["reported_days_past_due"], 0)
    elif row["oldest_due_on"] is None:
        counted_by, elapsed = "nothing_due", row["days_past_due"]
    else:
        counted_by, elapsed = "dates", max((row["as_of"] - row["oldest_due_on"]).days, 0)
    bucket = STANDARD_BUCKETS
    number = bucket.number(row["days_past_due"])
    is_standard = bucket.labels[number] == row["bucket"]
    shown = [PauseShown(p["kind"], p["from_on"], p["until_on"], p["known_at"] <= row["known_at"]) for p in pauses]
    return Age(
        account_id=row["account_id"],
        as_of=row["as_of"],
        counted_by=counted_by,
        oldest_due_on=row["oldest_due_on"],
        told_on=row["told_on"],
        elapsed_days_count=elapsed,
        paused_days_count=row["paused_days_count"],
        other_days_count=elapsed - row["paused_days_count"] - row["days_past_due"],
        days_past_due=row["days_past_due"],
        bucket=row["bucket"],
        first_day=([0, *bucket.first_days][number]) if is_standard else None,
        last_day=bucket.first_days[number] - 1 if is_standard and number < len(bucket.first_days) else None,
        currency=row["currency"],
        balance_minor=row["balance_minor"],
        pauses=shown,
    )
