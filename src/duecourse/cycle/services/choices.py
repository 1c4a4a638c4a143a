"""What a person chooses for one allocation beside the house's policy: within the contracts, never beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from duecourse.cycle.errors import ChoicesWrong
from duecourse.engine.allocation import AGENCIES
from duecourse.engine.frames import from_rows
from duecourse.kit.money import BASIS_POINTS

OBJECTIVES = ("net", "equal")
"""What an allocation is after: the highest expected recovery less fee, or a like-for-like split by lot, which any other has to beat."""
_COUNTS = ("capacity_count", "capacity_minor")
_SHARES = ("share_min_bp", "share_cap_bp")
_KNOWN = {"objective", "explore_share_bp", "may_return_to_previous_agency", "agencies"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationChoices:
    """The choices for one allocation; what is not named stays as the house's policy and the contracts say.

    Attributes:
        objective: one of `OBJECTIVES`.
        explore_share_bp: share of the debtors placed at random, or None.
        may_return_to_previous_agency: whether a case may go back to an agency that had it, or None.
        agencies: by agency, any of `is_asked` (False leaves it out), `capacity_count`, `capacity_minor`, `share_min_bp`, `share_cap_bp`.
            A capacity or a ceiling above the contract's counts as the contract's.
    """

    objective: str = "net"
    explore_share_bp: int | None = None
    may_return_to_previous_agency: bool | None = None
    agencies: Mapping[int, Mapping[str, int | bool]] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> AllocationChoices:
        """Return the choices of a record as `record` gives it; None and an empty one choose nothing.

        Raises:
            ChoicesWrong: something is unknown or has no such value; all faults are listed.
        """
        given = dict(record or {})
        agencies = {int(number): dict(limits) for number, limits in given.pop("agencies", {}).items()}
        faults = [f"{name} is no choice" for name in sorted(set(given) - _KNOWN)] + _faults(given, agencies)
        if faults:
            raise ChoicesWrong(reasons="; ".join(faults))
        return cls(**given, agencies=agencies)

    def record(self) -> dict[str, Any]:
        """Return what was chosen as JSON holds it, without what was not."""
        found: dict[str, Any] = {} if self.objective == "net" else {"objective": self.objective}
        for name in ("explore_share_bp", "may_return_to_previous_agency"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        limits = {str(number): dict(sorted(chosen.items())) for number, chosen in sorted(self.agencies.items()) if chosen}
        return found | ({"agencies": limits} if limits else {})

    def policy(self, policy: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of engine.allocation.AllocationPolicy with what was chosen."""
        changed = {
            name: value for name in ("explore_share_bp", "may_return_to_previous_agency") if (value := getattr(self, name)) is not None
        }
        return policy | changed | ({"explore_share_bp": BASIS_POINTS} if self.objective == "equal" else {})

    def tightened(self, agencies: pa.Table) -> pa.Table:
        """Return AGENCIES with what was chosen, each limit at most the contract's.

        Raises:
            ChoicesWrong: an agency is named that cannot be given cases.
        """
        if not self.agencies:
            return agencies
        known = set(agencies.column("agency_id").to_pylist())
        if unknown := sorted(set(self.agencies) - known):
            raise ChoicesWrong(reasons=f"agencies {unknown} cannot be given cases")
        rows = [
            _limited(row, self.agencies.get(row["agency_id"], {}))
            for row in agencies.to_pylist()
            if self.agencies.get(row["agency_id"], {}).get("is_asked", True)
        ]
        return from_rows(rows, AGENCIES)


def _limited(row: dict[str, Any], chosen: Mapping[str, int | bool]) -> dict[str, Any]:
    found = dict(row)
    for name in (*_COUNTS, "share_cap_bp"):
        if name in chosen:
            found[name] = chosen[name] if row[name] is None else min(row[name], chosen[name])
    if "share_min_bp" in chosen:
        found["share_min_bp"] = min(chosen["share_min_bp"], found["share_cap_bp"])
    return found


def _faults(given: Mapping[str, Any], agencies: Mapping[int, Mapping[str, Any]]) -> list[str]:
    faults = []
    if given.get("objective", "net") not in OBJECTIVES:
        faults.append(f"objective is {given['objective']!r}")
    if (share := given.get("explore_share_bp")) is not None and not _is_share(share):
        faults.append(f"explore_share_bp is {share!r}")
    if given.get("may_return_to_previous_agency") not in (None, True, False):
        faults.append(f"may_return_to_previous_agency is {given['may_return_to_previous_agency']!r}")
    for number, limits in sorted(agencies.items()):
        faults += [f"agency {number}: {name} is {value!r}" for name, value in sorted(limits.items()) if not _is_limit(name, value)]
        if _is_share(limits.get("share_min_bp", 0)) and limits.get("share_min_bp", 0) > limits.get("share_cap_bp", BASIS_POINTS):
            faults.append(f"agency {number}: its smallest share is above its largest")
    least = sum(limits.get("share_min_bp", 0) for limits in agencies.values() if _is_share(limits.get("share_min_bp", 0)))
    return faults + (["the smallest shares add up to more than the whole"] if least > BASIS_POINTS else [])


def _is_limit(name: str, value: Any) -> bool:
    if name == "is_asked":
        return isinstance(value, bool)
    if name in _SHARES:
        return _is_share(value)
    return name in _COUNTS and isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_share(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= BASIS_POINTS
