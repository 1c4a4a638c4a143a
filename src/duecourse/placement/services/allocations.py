"""Recording a proposed allocation, and having a second person decide on it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from duecourse.engine.allocation import Allocation
from duecourse.engine.frames import digest
from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append, statistics_refresh
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.parties.services import approval_decide
from duecourse.placement.errors import AllocationDiffers, AllocationMismatch, AllocationNotProposed, ApproverMissing
from duecourse.placement.models import AllocationRun
from duecourse.placement.selectors import access_allocation
from duecourse.placement.selectors.runs import STORED_ROWS
from duecourse.placement.selectors.terms import versions_in_force

SUBJECT = "allocation_run"
_DECIDERS = (Role.MANAGER, Role.COMPLIANCE)

_INSERT_RUN = """
INSERT INTO placement_allocationrun
    (creditor_id, run_id, as_of, inputs_hash, rows_hash, policy, commitment, state, summary, proposed_by, known_at)
VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s::jsonb, %s, %s)
ON CONFLICT (creditor_id, as_of, inputs_hash) DO NOTHING RETURNING id
"""

_TYPES = {
    "case_id": "bigint",
    "agency_id": "bigint",
    "contract_version_id": "bigint",
    "segment_key": "text",
    "hand": "smallint",
    "days_past_due": "integer",
    "balance_minor": "bigint",
    "currency": "text",
    "expected_recovered_minor": "bigint",
    "is_random_slice": "boolean",
    "draw_share": "double precision",
    "propensity_share": "double precision",
    "feasible_agency_ids": "jsonb",
    "reason": "text",
}
_SOURCES = ", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]" for kind in _TYPES.values())
_VALUES = ", ".join(f"{name}::{kind}" for name, kind in _TYPES.items())
_INSERT_ROWS = f"""
INSERT INTO placement_allocationrow (creditor_id, allocation_run_id, {", ".join(_TYPES)})
SELECT %s, %s, {_VALUES} FROM unnest({_SOURCES}) AS line ({", ".join(_TYPES)})
"""  # noqa: S608 - names of columns


def allocation_propose(
    *,
    actor: Actor,
    run_id: int,
    as_of: date,
    inputs_hash: str,
    policy: dict[str, Any],
    commitment: str,
    allocation: Allocation,
    cases: pa.Table,
    is_draft: bool = False,
) -> int:
    """Record what the engine allocated, one row per case, chosen or left out, and return the allocation's number.

    Args:
        actor: a manager or an analyst of the creditor, or the system.
        run_id: the month's run.
        as_of: the business date the inputs are of.
        inputs_hash: hash of all inputs; the same inputs are the same allocation.
        policy: the creditor's choices as they were used; `currency` is read here.
        commitment: the hash of the draw's secret, published before the tape.
        allocation: what `engine.allocation.allocate` gave.
        cases: one row per case of the allocation: case_id int64, segment_key string, hand int16 (the number the placement would have),
            days_past_due int32, expected_recovered_minor int64, and currency string where cases in another one were left out.
        is_draft: only to be looked at; proposed later with the same inputs, the draft becomes the proposal, of whoever proposes it.

    Raises:
        AllocationMismatch: cases and rows are not the same cases, or a chosen contract has no version in force.
        AllocationDiffers: the same inputs were recorded with other rows.

    Guarantees: every case has one row with its reason, propensity and feasible agencies; a repeat changes nothing. Every draft stands in
        the trail, so that whoever approves can see how many were looked at.
    """
    require(actor, Role.MANAGER, Role.ANALYST, action="propose an allocation")
    with acting(actor), connection.cursor() as cursor:
        versions = versions_in_force(creditor_id=actor.creditor_id, on=as_of)
        rows = _stored_rows(
            allocation, cases, currency=policy["currency"], versions={c: v["contract_version_id"] for c, v in versions.items()}
        )
        rows_hash = digest(rows, keys=["case_id"])
        texts = json.dumps(policy), json.dumps(_summary(allocation))
        key = [actor.creditor_id, run_id, as_of, inputs_hash, rows_hash]
        state = "draft" if is_draft else "proposed"
        cursor.execute(_INSERT_RUN, [*key, texts[0], commitment, state, texts[1], actor.user_id, now()])
        inserted = cursor.fetchone()
        if inserted is None:
            return _repeated(actor, as_of=as_of, inputs_hash=inputs_hash, rows_hash=rows_hash, is_draft=is_draft)
        cursor.execute(_INSERT_ROWS, [actor.creditor_id, inserted[0], *(rows.column(name).to_pylist() for name in _TYPES)])
        statistics_refresh("placement_allocationrow", row_count=rows.num_rows)
        details = {"as_of": as_of, "inputs_hash": inputs_hash, "rows_hash": rows_hash, "commitment": commitment, "row_count": rows.num_rows}
        _note(actor, action="allocation_drafted" if is_draft else "allocation_proposed", allocation_run_id=inserted[0], details=details)
        return inserted[0]


def allocation_approve(*, actor: Actor, allocation_run_id: int, reason: str = "") -> None:
    """Approve exactly the rows that were proposed; a repeat changes nothing.

    Raises:
        ApproverMissing: the system asks.
        Forbidden: the actor is neither manager nor compliance officer.
        SamePersonTwice: the actor proposed it.
        AllocationNotProposed: it was rejected.
        Absent: there is no such allocation for this actor.
    """
    _decide(actor, allocation_run_id=allocation_run_id, is_granted=True, reason=reason)


def allocation_reject(*, actor: Actor, allocation_run_id: int, reason: str = "") -> None:
    """Reject a proposed allocation; it is proposed anew from other inputs. Raises as `allocation_approve` does."""
    _decide(actor, allocation_run_id=allocation_run_id, is_granted=False, reason=reason)


def _decide(actor: Actor, *, allocation_run_id: int, is_granted: bool, reason: str) -> None:
    require(actor, *_DECIDERS, action="decide on an allocation")
    if actor.user_id == 0:
        raise ApproverMissing
    state = "approved" if is_granted else "rejected"
    with acting(actor):
        run = access_allocation(actor, allocation_run_id=allocation_run_id)
        if not AllocationRun.objects.filter(pk=run.pk, state="proposed").update(state=state):
            run.refresh_from_db()
            if run.state == state or (is_granted and run.state == "published"):
                return
            raise AllocationNotProposed(allocation_run_id=run.pk, state=run.state)
        approval_decide(
            actor=actor,
            subject_kind=SUBJECT,
            subject_id=run.pk,
            content_hash=run.rows_hash,
            requested_by=run.proposed_by or None,
            is_granted=is_granted,
            reason=reason,
            roles=_DECIDERS,
        )
        _note(actor, action=f"allocation_{state}", allocation_run_id=run.pk, details={"rows_hash": run.rows_hash})


def _repeated(actor: Actor, *, as_of: date, inputs_hash: str, rows_hash: str, is_draft: bool) -> int:
    """Return the allocation of the same inputs; a draft that is now proposed becomes a proposal."""
    found = AllocationRun.objects.get(creditor_id=actor.creditor_id, as_of=as_of, inputs_hash=inputs_hash)
    if found.rows_hash != rows_hash:
        raise AllocationDiffers(allocation_run_id=found.pk)
    drafts = AllocationRun.objects.filter(pk=found.pk, state="draft")
    if not is_draft and drafts.update(state="proposed", proposed_by=actor.user_id):
        _note(actor, action="allocation_proposed", allocation_run_id=found.pk, details={"as_of": as_of, "rows_hash": rows_hash})
    return found.pk


def _note(actor: Actor, *, action: str, allocation_run_id: int, details: dict[str, Any]) -> None:
    audit_append(creditor_id=actor.creditor_id, action=action, subject_kind=SUBJECT, subject_id=allocation_run_id, details=details)


def _stored_rows(allocation: Allocation, cases: pa.Table, *, currency: str, versions: dict[int, int]) -> pa.Table:
    """Return the rows as they are stored, in order of case_id, in the schema STORED_ROWS."""
    rows, known = allocation.rows.sort_by("case_id"), cases.sort_by("case_id")
    if rows.column("case_id").to_pylist() != known.column("case_id").to_pylist():
        raise AllocationMismatch(reasons=f"{rows.num_rows} rows for {known.num_rows} cases, or other cases")
    contracts = rows.column("contract_id").to_pylist()
    absent = sorted({contract for contract in contracts if contract is not None} - versions.keys())
    if absent:
        raise AllocationMismatch(reasons=f"contracts {absent} have no version in force")
    feasible: dict[int, list[int]] = {}
    for set_id, agency_id in zip(*(allocation.feasible_sets.column(n).to_pylist() for n in ("feasible_set_id", "agency_id")), strict=True):
        feasible.setdefault(set_id, []).append(agency_id)
    texts = {set_id: json.dumps(sorted(agency_ids)) for set_id, agency_ids in feasible.items()}
    columns = {name: rows.column(name) for name in ("case_id", "agency_id", "balance_minor", "draw_share", "propensity_share", "reason")}
    columns |= {name: known.column(name) for name in ("segment_key", "hand", "days_past_due", "expected_recovered_minor")}
    columns |= {
        "contract_version_id": pa.array([versions.get(contract) for contract in contracts], pa.int64()),
        "currency": known.column("currency") if "currency" in known.column_names else pa.array([currency] * rows.num_rows, pa.string()),
        "is_random_slice": rows.column("in_slice"),
        "feasible_agency_ids": pa.array([texts.get(number, "[]") for number in rows.column("feasible_set_id").to_pylist()], pa.string()),
    }
    return pa.table([columns[field.name].cast(field.type) for field in STORED_ROWS], schema=STORED_ROWS)


def _summary(allocation: Allocation) -> dict[str, Any]:
    """Return the summary as stored: the engine's figures, the loads, and how often each agency could not take a case for which reason."""
    left_out = Counter(
        zip(allocation.left_out.column("reason").to_pylist(), allocation.left_out.column("agency_id").to_pylist(), strict=True)
    )
    return {
        **asdict(allocation.summary),
        "loads": allocation.loads.to_pylist(),
        "barriers": [
            {"reason": reason, "agency_id": agency_id, "case_count": count}
            for (reason, agency_id), count in sorted(left_out.items(), key=lambda item: (item[0][0], item[0][1] or 0))
        ],
        "propensity_is_exact": allocation.summary.propensity_is_exact,
        "least_propensity_share": pc.min(allocation.rows.column("propensity_share")).as_py(),
    }
