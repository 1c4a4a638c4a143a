"""The portfolio by age: how many cases stand in which bucket, month by month, and how they roll.

All of it counts cases as the ageing step left them: a case is as old as its oldest account and owes what its main currency's accounts owe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from duecourse.ledger.selectors.rows import dicts

NEW, GONE = "new", "closed"
"""Where cases come from that were not there before, and where those went that are not there any more."""
_BEFORE_ALL, _AFTER_ALL = -1, 32767


@dataclass(frozen=True, slots=True)
class Counted:
    """One day's newest execution of the ageing step; the last one of its month.

    Attributes:
        month: YYYY-MM.
        as_of: its business date.
        step_run_id: the execution.
    """

    month: str
    as_of: date
    step_run_id: int


_MONTHS = """
SELECT DISTINCT ON (date_trunc('month', as_of)) to_char(as_of, 'YYYY-MM') AS month, as_of, step_run_id FROM (
    SELECT as_of, max(step_run_id) AS step_run_id FROM portfolio_snapshotsum WHERE creditor_id = %(creditor)s GROUP BY as_of) days
ORDER BY date_trunc('month', as_of) DESC, as_of DESC
"""
_SUMS = """
SELECT step_run_id, bucket, bucket_number, sum(case_count)::bigint AS case_count, sum(balance_minor)::bigint AS balance_minor
FROM portfolio_snapshotsum
WHERE creditor_id = %(creditor)s AND step_run_id = ANY(%(runs)s) AND currency = %(currency)s
  AND (%(product)s = '' OR product_class = %(product)s) AND (%(region)s = '' OR region = %(region)s)
GROUP BY step_run_id, bucket, bucket_number ORDER BY step_run_id, bucket_number
"""
_SPLITS = """
SELECT DISTINCT product_class, region, currency FROM portfolio_snapshotsum
WHERE creditor_id = %(creditor)s AND step_run_id = ANY(%(runs)s) ORDER BY 1, 2, 3
"""
_NAMES = """
SELECT DISTINCT product_class, region, bucket, bucket_number FROM portfolio_snapshotsum
WHERE creditor_id = %(creditor)s AND step_run_id = (
    SELECT step_run_id FROM portfolio_snapshotsum WHERE creditor_id = %(creditor)s ORDER BY as_of DESC, step_run_id DESC LIMIT 1)
"""
_OF_RUN = """
SELECT case_id, bucket, bucket_number, balance_minor FROM portfolio_casesnapshot
WHERE creditor_id = %(creditor)s AND step_run_id = {run} AND currency = %(currency)s
  AND (%(product)s = '' OR product_class = %(product)s) AND (%(region)s = '' OR region = %(region)s)
"""
_ROLLS = f"""
SELECT coalesce(b.bucket, '{NEW}') AS from_bucket, coalesce(b.bucket_number, {_BEFORE_ALL}) AS from_number,
       coalesce(a.bucket, '{GONE}') AS to_bucket, coalesce(a.bucket_number, {_AFTER_ALL}) AS to_number,
       count(*) AS case_count, sum(coalesce(b.balance_minor, a.balance_minor))::bigint AS balance_minor
FROM ({_OF_RUN.format(run="%(before)s")}) b FULL JOIN ({_OF_RUN.format(run="%(after)s")}) a ON a.case_id = b.case_id
GROUP BY 1, 2, 3, 4 ORDER BY 2, 1, 4, 3
"""  # noqa: S608 - fragments of this file


def counted_months(*, creditor_id: int) -> list[Counted]:
    """Return the months that were aged, newest first, each with the last day's newest execution."""
    return [Counted(**row) for row in dicts(_MONTHS, creditor=creditor_id)]


def bucket_sums(
    *, creditor_id: int, step_run_ids: Sequence[int], currency: str, product_class: str = "", region: str = ""
) -> list[dict[str, Any]]:
    """Return cases and balances by execution and bucket, in order of the buckets; '' takes all products or regions.

    Returns:
        dicts with step_run_id, bucket, bucket_number, case_count and balance_minor.
    """
    return dicts(_SUMS, creditor=creditor_id, runs=list(step_run_ids), currency=currency, product=product_class, region=region)


def portfolio_splits(*, creditor_id: int, step_run_ids: Sequence[int]) -> dict[str, list[str]]:
    """Return the products, regions and currencies that occur in executions, each in order."""
    rows = dicts(_SPLITS, creditor=creditor_id, runs=list(step_run_ids))
    return {name: sorted({row[name] for row in rows}) for name in ("product_class", "region", "currency")}


def newest_names(*, creditor_id: int) -> dict[str, list[str]]:
    """Return the products, regions and buckets of the newest execution of the ageing step; buckets in their order."""
    rows = dicts(_NAMES, creditor=creditor_id)
    buckets = {row["bucket"]: row["bucket_number"] for row in rows}
    found = {name: sorted({row[name] for row in rows}) for name in ("product_class", "region")}
    return found | {"bucket": sorted(buckets, key=lambda name: buckets[name])}


def case_rolls(
    *, creditor_id: int, before_id: int, after_id: int, currency: str, product_class: str = "", region: str = ""
) -> list[dict[str, Any]]:
    """Return how cases went from bucket to bucket between two executions of the ageing step.

    Returns:
        dicts with from_bucket (`new` for cases that were not there), to_bucket (`closed` for those that are not any more), case_count,
        balance_minor (of the first execution, of the second for new ones) and case_share and balance_share of the from_bucket's sums,
        ordered from new over the buckets; a share of nothing is None.

    Guarantees: Σ case_count = cases of the first + new ones; the shares of one from_bucket sum to 1.
    """
    wanted = {"creditor": creditor_id, "currency": currency, "product": product_class, "region": region}
    rows = dicts(_ROLLS, before=before_id, after=after_id, **wanted)
    totals: dict[str, list[int]] = {}
    for row in rows:
        sums = totals.setdefault(row["from_bucket"], [0, 0])
        sums[0] += row["case_count"]
        sums[1] += row["balance_minor"]
    for row in rows:
        count, minor = totals[row["from_bucket"]]
        row["case_share"], row["balance_share"] = row["case_count"] / count, row["balance_minor"] / minor if minor else None
    return rows
