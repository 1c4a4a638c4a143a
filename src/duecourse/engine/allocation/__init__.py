"""Allocation (分案): which agency gets which debtor, and with what probability.

Guarantees:
    Every case of the input has exactly one row in the result, with a reason and a propensity. All eligible cases of a debtor go to
    one agency. Counts and balances never exceed the capacities and share caps. The result depends neither on the order of the rows
    nor on their chunking, and anybody who holds the secret can compute the random slice again.

Source: docs/algorithms/allocation.md
"""

from duecourse.engine.allocation.allocate import allocate, equal_split
from duecourse.engine.allocation.draw import SecretTooShort, commit, verify_draw
from duecourse.engine.allocation.result import Allocation, AllocationSummary
from duecourse.engine.allocation.schemas import (
    AGENCIES,
    CASES,
    EFFECTS,
    EXCLUSIONS,
    FEASIBLE_SETS,
    LEFT_OUT,
    LOADS,
    PREVIOUS_AGENCY,
    REASONS,
    ROWS,
    AllocationPolicy,
)

__all__ = [
    "AGENCIES",
    "CASES",
    "EFFECTS",
    "EXCLUSIONS",
    "FEASIBLE_SETS",
    "LEFT_OUT",
    "LOADS",
    "PREVIOUS_AGENCY",
    "REASONS",
    "ROWS",
    "Allocation",
    "AllocationPolicy",
    "AllocationSummary",
    "SecretTooShort",
    "allocate",
    "commit",
    "equal_split",
    "verify_draw",
]
