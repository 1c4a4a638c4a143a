"""Gathering what moves are judged by, and judging them; at the preview, and once more under locks when a set is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from duecourse.parties.access import Actor, creditor_of
from duecourse.placement.selectors.moves import Facts, move_facts, shares_used
from duecourse.placement.selectors.policies import policies_on, term_end
from duecourse.placement.selectors.reasons import MoveReason, move_reasons
from duecourse.placement.selectors.terms import versions_in_force
from duecourse.placement.selectors.verdicts import ALLOWED, Terms, verdicts
from duecourse.placement.services.swaps import Swap, swap_of


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows with their verdicts.

    Attributes:
        rows: facts and verdict, by case.
        shown: what the set shows of how it was judged: the ends of extensions, by contract.
        terms: what was judged by.
        swap: what the rules of allocation said, for a swap.
    """

    rows: list[tuple[Facts, str]]
    shown: dict[str, Any]
    terms: Terms
    swap: Swap | None = None


def judged(
    actor: Actor,
    *,
    reason: MoveReason,
    case_ids: Sequence[int],
    as_of: date,
    parameters: Mapping[str, Any],
    grounds: Mapping[int, Sequence[str] | set[str]],
    at: datetime | None = None,
) -> Judged:
    """Judge a move of cases as their rows stand at this moment; called with the creditor's role.

    Args:
        actor: who moves them.
        reason: of the move.
        case_ids: the cases.
        as_of: the creditor's day.
        parameters: of the set.
        grounds: by case, what speaks for an extension.
        at: the instant of the application, None at the preview.
    """
    capped = [row.code for row in move_reasons("extend").values() if row.is_capped]
    facts = move_facts(creditor_id=actor.creditor_id, case_ids=case_ids, on=as_of, capped=capped)
    terms = Terms(reason=reason, as_of=as_of, at=at, grounds={case_id: tuple(found) for case_id, found in grounds.items()})
    shown: dict[str, Any] = {}
    swap = None
    if reason.kind == "extend":
        terms, shown = _extension(actor, terms, facts, asked_on=date.fromisoformat(parameters["asked_on"]), capped=capped)
    elif reason.kind == "recall":
        terms = replace(terms, final_on=date.fromisoformat(parameters["final_on"]) if parameters["final_on"] else None)
    elif reason.kind == "swap":
        terms = replace(terms, to_agency_id=parameters["to_agency_id"])
        free = [case_id for case_id, verdict in verdicts(facts, terms=terms).items() if verdict == ALLOWED]
        if free:
            swap = swap_of(creditor_id=actor.creditor_id, case_ids=free, to_agency_id=parameters["to_agency_id"], on=as_of)
            terms = replace(terms, barriers=swap.barriers)
    found = verdicts(facts, terms=terms)
    return Judged([(row, found[row.case_id]) for row in facts], shown, terms, swap)


def _extension(
    actor: Actor, terms: Terms, facts: Sequence[Facts], *, asked_on: date, capped: Sequence[str]
) -> tuple[Terms, dict[str, Any]]:
    """Return the terms of an extension and what the set shows of its ends."""
    policies = policies_on(creditor_id=actor.creditor_id, on=terms.as_of)
    calendar = creditor_of(actor).calendar
    ends = {contract: term_end(asked_on, rule=policy.roll_rule, calendar_name=calendar) for contract, policy in policies.items()}
    versions = versions_in_force(creditor_id=actor.creditor_id, on=terms.as_of)
    batches = sorted({row.batch_id for row in facts if row.batch_id is not None})
    whole = replace(
        terms,
        policies=policies,
        ends=ends,
        expiries={contract: version["expires_on"] for contract, version in versions.items()},
        shares=shares_used(creditor_id=actor.creditor_id, batch_ids=batches, capped=capped),
    )
    shown = [
        {"contract_id": contract, "until_on": end.until_on.isoformat(), "is_calendar_known": end.is_known} for contract, end in ends.items()
    ]
    return whole, {"ends": sorted(shown, key=lambda end: end["contract_id"] or 0)}
