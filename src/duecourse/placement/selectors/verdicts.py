"""Judging moves: what may be moved, and what stands in the way of the rest. Facts in, verdicts out; nothing is read here but the rules of a swap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from duecourse.kit.money import BASIS_POINTS
from duecourse.placement.selectors.moves import Facts
from duecourse.placement.selectors.policies import LifePolicy, TermEnd
from duecourse.placement.selectors.reasons import MoveReason

ALLOWED = "allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a set of moves is judged by.

    Attributes:
        reason: of the move; it names the kind.
        as_of: the creditor's day.
        at: the instant of the application, or None at the preview.
        policies: by contract; None is every other contract's.
        ends: the new last day by contract (extend); None is every other contract's.
        expiries: by contract, the first day it is no longer in force (extend); a contract that is not in force is not there.
        shares: by batch, its cases and how many were extended already (extend).
        grounds: by case, the grounds for an extension that are there.
        final_on: the final day of a recall, or None for at once.
        to_agency_id: who gets the cases of a swap.
        barriers: by case, why the agency may not get it (swap); a case it may get is not there.
    """

    reason: MoveReason
    as_of: date
    at: datetime | None = None
    policies: Mapping[int | None, LifePolicy] = field(default_factory=dict)
    ends: Mapping[int | None, TermEnd] = field(default_factory=dict)
    expiries: Mapping[int, date] = field(default_factory=dict)
    shares: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    grounds: Mapping[int, Sequence[str]] = field(default_factory=dict)
    final_on: date | None = None
    to_agency_id: int | None = None
    barriers: Mapping[int, str] = field(default_factory=dict)

    def policy(self, contract_id: int | None) -> LifePolicy:
        """Return the policy of a contract."""
        return self.policies.get(contract_id) or self.policies[None]

    def end(self, contract_id: int | None) -> TermEnd:
        """Return the new end of the term under a contract."""
        return self.ends.get(contract_id) or self.ends[None]


def verdicts(facts: Sequence[Facts], *, terms: Terms) -> dict[int, str]:
    """Return `allowed` or the code of what stands in the way, by case.

    Where a batch's share of extensions does not reach for all, the larger balances come first, then the lower case numbers.
    """
    found = {row.case_id: _verdict(row, terms) for row in facts}
    if terms.reason.kind == "extend" and terms.reason.is_capped:
        found |= _over_share([row for row in facts if found[row.case_id] == ALLOWED], terms)
    return found


def _verdict(row: Facts, terms: Terms) -> str:
    kind = terms.reason.kind
    if row.closed_on is not None:
        return "closed"
    if row.placement_id is None:
        return ALLOWED if kind == "close" else "not_placed"
    if terms.at is not None and row.began_at is not None and row.began_at >= terms.at and kind != "extend":
        return "began_later"
    if kind == "extend":
        return _extension(row, terms)
    if kind == "recall":
        return _recall(row, terms)
    if kind == "swap":
        return _swap(row, terms)
    return ALLOWED


def _extension(row: Any, terms: Terms) -> str:
    policy, end = terms.policy(row.contract_id), terms.end(row.contract_id)
    if row.status == "recall_pending":
        return "recall_pending"
    if row.is_held and terms.reason.code != "term_was_paused":
        return "held"
    if row.term_until_on < terms.as_of:
        return "term_over"
    if end.until_on <= row.term_until_on:
        return "term_not_later"
    if row.contract_id not in terms.expiries or terms.expiries[row.contract_id] <= end.until_on:
        return "contract_ends"
    if not terms.reason.is_capped:
        return ALLOWED
    if (end.asked_on - row.term_until_on).days > policy.extension_days_max:
        return "too_long"
    if row.extension_count >= policy.extension_count_max:
        return "too_often"
    if set(policy.extension_grounds).isdisjoint(terms.grounds.get(row.case_id, ())):
        return "no_ground"
    return ALLOWED


def _recall(row: Any, terms: Terms) -> str:
    if terms.final_on is None:
        return ALLOWED
    if row.status == "recall_pending":
        return "recall_pending"
    return "final_too_early" if terms.final_on < max(terms.as_of, row.began_on) else ALLOWED


def _swap(row: Any, terms: Terms) -> str:
    if row.status == "recall_pending":
        return "recall_pending"
    if row.agency_id == terms.to_agency_id:
        return "same_agency"
    return terms.barriers.get(row.case_id, ALLOWED)


def _over_share(rows: Sequence[Any], terms: Terms) -> dict[int, str]:
    left: dict[int, int] = {}
    refused: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: (-row.placed_minor, row.case_id)):
        if row.is_share_used:
            continue
        case_count, used_count = terms.shares[row.batch_id]
        cap_bp = terms.policy(row.contract_id).extension_share_cap_bp
        left.setdefault(row.batch_id, case_count * cap_bp // BASIS_POINTS - used_count)
        if left[row.batch_id] <= 0:
            refused[row.case_id] = "over_share"
        left[row.batch_id] -= 1
    return refused
