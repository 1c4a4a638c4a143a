"""What a creditor decides about its months, with the house's defaults. It is frozen with every step's inputs.

A creditor's own values will come from a page of the console; until then every creditor has these defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from duecourse.engine.ageing import STANDARD_BUCKETS
from duecourse.engine.scores import MODEL_VERSION
from duecourse.kit.money import exponent
from duecourse.parties.access import Actor, creditor_of

_BALANCE_EDGES_MAJOR = {"CNY": (5_000, 20_000), "USD": (2_000, 10_000)}


@dataclass(frozen=True, slots=True)
class MonthPolicy:
    """The choices behind a month.

    Attributes:
        currency: ISO code in which cases are allocated and settled.
        convention: how days past due are counted (engine.ageing.CONVENTIONS).
        grace_days: days taken off the count.
        explore_share_bp: share of debtors placed at random, so that agencies can be compared.
        may_return_to_previous_agency: whether a case may go again to an agency that had it.
    """

    currency: str
    convention: str = "actual"
    grace_days: int = 0
    explore_share_bp: int = 1_000
    may_return_to_previous_agency: bool = False

    def ageing(self) -> dict[str, Any]:
        """Return the parameters of the ageing."""
        return {
            "convention": self.convention,
            "grace_days": self.grace_days,
            "bucket_first_days": list(STANDARD_BUCKETS.first_days),
            "bucket_labels": list(STANDARD_BUCKETS.labels),
        }

    def scoring(self) -> dict[str, Any]:
        """Return the parameters of segments and scores; the bands are whole amounts of the currency."""
        unit = 10 ** exponent(self.currency)
        edges = [edge * unit for edge in _BALANCE_EDGES_MAJOR.get(self.currency, (5_000, 20_000))]
        return {"balance_edges_minor": edges, "region_bands": {}, "model_version": MODEL_VERSION}

    def allocation(self) -> dict[str, Any]:
        """Return the arguments of engine.allocation.AllocationPolicy."""
        return {
            "currency": self.currency,
            "explore_share_bp": self.explore_share_bp,
            "may_return_to_previous_agency": self.may_return_to_previous_agency,
        }


def policy_of(actor: Actor) -> MonthPolicy:
    """Return the policy of the actor's creditor."""
    return MonthPolicy(currency=creditor_of(actor).currency)
