"""Writing what a creditor decides about placements; a policy is a new row, never a change of an old one."""

from __future__ import annotations

from datetime import date
from typing import Any

from duecourse.kit.clock import now
from duecourse.kit.money import BASIS_POINTS
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.parties.selectors import access_contract
from duecourse.placement.errors import PolicyWrong
from duecourse.placement.models import PlacementPolicy
from duecourse.placement.selectors.policies import NEW_ACCOUNT, ROLL_RULES, LifePolicy

_COUNTS = ("extension_days_max", "extension_count_max", "first_contact_days", "idle_days", "recall_notice_days")
_SHARES = ("extension_share_cap_bp", "goal_rate_bp")


def policy_set(*, actor: Actor, effective_on: date, terms: dict[str, Any], contract_id: int | None = None) -> int:
    """Decide about placements from a day on, for one contract or for all; return the row's number.

    Args:
        actor: a manager of the creditor, or the system.
        effective_on: the first day.
        terms: some of the choices of `LifePolicy`; what is not named stays as it is by default.
        contract_id: the contract, or None for every contract without a policy of its own.

    Raises:
        PolicyWrong: a choice is unknown or has no such value; all are listed.
        Absent: there is no such contract.
    """
    require(actor, Role.MANAGER, action="set the policy of placements")
    if faults := _faults(terms):
        raise PolicyWrong(reasons="; ".join(faults))
    with acting(actor):
        if contract_id is not None:
            access_contract(actor=actor, contract_id=contract_id)
        row = PlacementPolicy.objects.create(
            creditor_id=actor.creditor_id,
            contract_id=contract_id,
            effective_on=effective_on,
            terms=terms,
            known_at=now(),
            actor_id=actor.user_id,
        )
        details = {"effective_on": effective_on, "terms": terms, "contract_id": contract_id}
        audit_append(
            creditor_id=actor.creditor_id,
            action="placement_policy_set",
            subject_kind="placement_policy",
            subject_id=row.pk,
            details=details,
        )
        return row.pk


def _faults(terms: dict[str, Any]) -> list[str]:
    known = LifePolicy().terms()
    faults = [f"{name} is no choice" for name in terms if name not in known]
    faults += [f"{name} is {terms[name]!r}" for name in _COUNTS if name in terms and not _is_count(terms[name])]
    for name in _SHARES:
        is_unset = name == "goal_rate_bp" and terms.get(name) is None
        if name in terms and not is_unset and not (_is_count(terms[name]) and terms[name] <= BASIS_POINTS):
            faults.append(f"{name} is {terms[name]!r}")
    if terms.get("roll_rule", "none") not in ROLL_RULES:
        faults.append(f"roll_rule is {terms['roll_rule']!r}")
    if terms.get("new_account", "wait") not in NEW_ACCOUNT:
        faults.append(f"new_account is {terms['new_account']!r}")
    if "rotation_days" in terms and not (_is_list(terms["rotation_days"]) and all(_is_count(n) and n for n in terms["rotation_days"])):
        faults.append(f"rotation_days is {terms['rotation_days']!r}")
    grounds = terms.get("extension_grounds", [])
    if not isinstance(grounds, list | tuple) or not set(grounds) <= set(known["extension_grounds"]):
        faults.append(f"extension_grounds is {grounds!r}")
    return faults


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value)
