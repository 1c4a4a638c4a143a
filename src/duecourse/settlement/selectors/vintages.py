"""What became of cohorts of accounts, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from duecourse.kit.calendar import Month
from duecourse.ledger.selectors.rows import dicts

_FLOWS = """
SELECT cohort, month, sum(account_count)::bigint AS account_count, sum(base_minor)::bigint AS base_minor,
       sum(recovered_minor)::bigint AS recovered_minor, sum(gone_count)::bigint AS gone_count
FROM settlement_vintageflow
WHERE creditor_id = %(creditor)s AND kind = %(kind)s AND currency = %(currency)s
  AND (%(product)s = '' OR product_class = %(product)s) AND (%(region)s = '' OR region = %(region)s)
GROUP BY cohort, month ORDER BY cohort, month
"""


@dataclass(frozen=True, slots=True)
class VintagePoint:
    """A cohort at one age.

    Attributes:
        age: whole months since the cohort began; 0 is its own month.
        month: the calendar month.
        recovered_minor: what came in up to its end, net of reversals.
        recovered_share: that, of what was owed at the beginning.
        gone_count: accounts gone from the tape up to its end.
        gone_share: those, of the accounts of the beginning.
    """

    age: int
    month: str
    recovered_minor: int
    recovered_share: float
    gone_count: int
    gone_share: float


@dataclass(frozen=True, slots=True)
class Vintage:
    """A cohort with its curve, one point for each measured month since it began."""

    cohort: str
    account_count: int
    base_minor: int
    points: list[VintagePoint]


def vintages(*, creditor_id: int, kind: str, currency: str, product_class: str = "", region: str = "") -> list[Vintage]:
    """Return the cohorts of a kind ('opened' or 'placed') by their month, with cumulative shares; '' takes all products or regions.

    A cohort whose first month was not measured is left out: what it began with is not known. A measured month in which nothing came in
    continues the curve; a curve ends with the newest measured month.
    """
    wanted: dict[str, Any] = {"creditor": creditor_id, "kind": kind, "currency": currency, "product": product_class, "region": region}
    flows = {(row["cohort"], row["month"]): row for row in dicts(_FLOWS, **wanted)}
    months = sorted({month for _, month in flows})
    return [
        _vintage(cohort, flows, months)
        for cohort in sorted({cohort for cohort, _ in flows})
        if flows.get((cohort, cohort), {}).get("base_minor")
    ]


def _vintage(cohort: str, flows: dict[tuple[str, str], dict[str, Any]], months: list[str]) -> Vintage:
    base = flows[cohort, cohort]
    recovered = gone = 0
    points = []
    for month in (month for month in months if month >= cohort):
        flow = flows.get((cohort, month), {"recovered_minor": 0, "gone_count": 0})
        recovered, gone = recovered + flow["recovered_minor"], gone + flow["gone_count"]
        shares = recovered / base["base_minor"], gone / base["account_count"]
        points.append(VintagePoint(_age(cohort, month), month, recovered, shares[0], gone, shares[1]))
    return Vintage(cohort, base["account_count"], base["base_minor"], points)


def _age(cohort: str, month: str) -> int:
    """Return the whole months from a cohort's month to another."""
    begun, now = Month.parse(cohort), Month.parse(month)
    return (now.year - begun.year) * 12 + now.month - begun.month
