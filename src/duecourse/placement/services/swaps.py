"""Swapping agencies: the same rules of allocation, asked about one agency, and a publication in the transaction that ends the old placements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from duecourse.engine.allocation import Allocation, AllocationPolicy, allocate, commit
from duecourse.kit.ids import content_hash
from duecourse.kit.money import BASIS_POINTS
from duecourse.ledger.selectors.rows import dicts, frame
from duecourse.parties.access import Actor
from duecourse.parties.models import Role
from duecourse.placement.errors import CasesMovedOn
from duecourse.placement.models import Placement, PlacementMoveSet
from duecourse.placement.selectors.inputs import agencies_frame, exclusions_frame
from duecourse.placement.selectors.runs import ALREADY_PLACED
from duecourse.placement.services.allocations import allocation_approve, allocation_propose
from duecourse.placement.services.publish import allocation_publish

_SWAPPED = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("segment_key", pa.string(), nullable=False),
        pa.field("product_class", pa.string(), nullable=False),
        pa.field("region", pa.string()),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
        pa.field("expected_recovered_minor", pa.int64(), nullable=False),
        pa.field("hand", pa.int16(), nullable=False),
        pa.field("days_past_due", pa.int32(), nullable=False),
    ]
)
"""One row per case: what the newest snapshot says of it, the segment and the expectation of the placement it leaves, the next hand."""

_NEWEST = """
SELECT as_of, max(step_run_id) AS step_run_id FROM portfolio_snapshot
WHERE creditor_id = %(creditor)s AND as_of = (
    SELECT max(as_of) FROM portfolio_snapshot WHERE creditor_id = %(creditor)s AND as_of <= %(on)s) GROUP BY as_of
"""

_CASES = """
SELECT c.id, c.person_id, p.segment_key, s.product_class, nullif(c.region, ''), p.currency, s.balance_minor,
       coalesce(r.expected_recovered_minor, 0), (c.hand_count + 1)::smallint, s.days_past_due
FROM unnest(%(cases)s::bigint[]) AS wanted (case_id)
JOIN LATERAL (
    SELECT * FROM portfolio_case c WHERE c.creditor_id = %(creditor)s AND c.id = wanted.case_id LIMIT 1) c ON true
JOIN LATERAL (
    SELECT * FROM placement_placement p WHERE p.creditor_id = c.creditor_id AND p.case_id = c.id AND upper_inf(p.during) LIMIT 1) p ON true
JOIN LATERAL (
    SELECT (array_agg(a.product_class ORDER BY s.balance_minor DESC, s.account_id))[1] AS product_class,
           sum(s.balance_minor)::bigint AS balance_minor, max(s.days_past_due) AS days_past_due
    FROM portfolio_caseaccount ca
    JOIN LATERAL (
        SELECT a.product_class FROM portfolio_account a
        WHERE a.creditor_id = ca.creditor_id AND a.id = ca.account_id AND a.currency = p.currency LIMIT 1) a ON true
    JOIN LATERAL (
        SELECT s.account_id, s.balance_minor, s.days_past_due FROM portfolio_snapshot s
        WHERE s.creditor_id = ca.creditor_id AND s.account_id = ca.account_id AND s.step_run_id = %(step_run)s LIMIT 1) s ON true
    WHERE ca.creditor_id = c.creditor_id AND ca.case_id = c.id AND ca.until_on IS NULL) s ON s.balance_minor IS NOT NULL
LEFT JOIN LATERAL (
    SELECT r.expected_recovered_minor FROM placement_batch b
    JOIN placement_allocationrow r ON r.creditor_id = b.creditor_id AND r.allocation_run_id = b.allocation_run_id AND r.case_id = p.case_id
    WHERE b.creditor_id = p.creditor_id AND b.id = p.batch_id LIMIT 1) r ON true
ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class Swap:
    """What the rules of allocation say of giving cases to one agency.

    Attributes:
        as_of: the day of the snapshot the balances come from.
        cases: the frame the engine had.
        allocation: what it gave; None when nothing could be asked.
        barriers: by case, why the agency may not get it; a case it may get is not there.
        currency: of the cases.
    """

    as_of: date
    cases: pa.Table
    allocation: Allocation | None
    barriers: Mapping[int, str]
    currency: str


def swap_of(*, creditor_id: int, case_ids: Sequence[int], to_agency_id: int, on: date) -> Swap:
    """Return what the rules of allocation say: contract and capacity, region, product, stops, and agencies that had the case before.

    The share caps of a month's allocation are not asked, for a swap is none; capacity is. Nothing is drawn at random.
    """
    newest = dicts(_NEWEST, creditor=creditor_id, on=on)
    as_of, step_run = (newest[0]["as_of"], newest[0]["step_run_id"]) if newest else (on, None)
    cases = frame(_CASES, creditor=creditor_id, cases=list(case_ids), step_run=step_run, schema=_SWAPPED)
    barriers = dict.fromkeys(set(case_ids) - set(cases["case_id"].to_pylist()), "nothing_owed")
    currency = cases["currency"][0].as_py() if cases.num_rows else ""
    agencies = agencies_frame(creditor_id=creditor_id, on=on, currency=currency or None)
    agencies = agencies.filter(pc.equal(agencies["agency_id"], to_agency_id))
    if not cases.num_rows or not agencies.num_rows:
        barriers |= dict.fromkeys(cases["case_id"].to_pylist(), "no_feasible_agency")
        return Swap(as_of, cases, None, barriers, currency)
    place = agencies.column_names.index("share_cap_bp")
    agencies = agencies.set_column(place, agencies.schema.field(place), pa.array([BASIS_POINTS], pa.int64()))
    exclusions = exclusions_frame(creditor_id=creditor_id, on=on)
    kept = pc.and_(pc.not_equal(exclusions["reason"], ALREADY_PLACED), pc.is_in(exclusions["case_id"], cases["case_id"].combine_chunks()))
    allocation = allocate(
        cases, agencies, exclusions.filter(kept), policy=AllocationPolicy(currency=currency, explore_share_bp=0), secret=_secret(cases)
    )
    left_out = allocation.left_out.to_pylist()
    barriers |= {row["case_id"]: row["reason"] for row in left_out}
    return Swap(as_of, cases, allocation, barriers, currency)


def swap_record(*, actor: Actor, move_set: PlacementMoveSet, swap: Swap) -> int:
    """Record the allocation of a swap in the name of who asked for it, approve it in the name of who decides, and return its number.

    Called by the application of a set of moves alone, inside its transaction, with its locks, and before the old placements end.
    """
    asker = Actor(user_id=move_set.requested_by, creditor_id=actor.creditor_id, agency_id=None, roles=frozenset({str(Role.MANAGER)}))
    run_id = allocation_propose(
        actor=asker,
        run_id=0,
        as_of=swap.as_of,
        inputs_hash=content_hash(["swap", move_set.pk, move_set.rows_hash]),
        policy={"currency": swap.currency, "explore_share_bp": 0, "move_set_id": move_set.pk},
        commitment=commit(_secret(swap.cases)),
        allocation=swap.allocation,
        cases=swap.cases,
    )
    allocation_approve(actor=actor, allocation_run_id=run_id, reason=move_set.reason_code)
    return run_id


def swap_publish(*, actor: Actor, allocation_run_id: int, case_count: int, at: datetime) -> list[int]:
    """Publish the allocation of a swap, once the old placements have ended, and return the batches.

    Raises:
        CasesMovedOn: a case came under a stop in this moment; the whole swap is rolled back, and the old placements stay.
    """
    desk = Actor(user_id=actor.user_id, creditor_id=actor.creditor_id, agency_id=None, roles=frozenset({str(Role.MANAGER)}))
    batch_ids = allocation_publish(actor=desk, allocation_run_id=allocation_run_id, at=at)
    placed = Placement.objects.filter(creditor_id=actor.creditor_id, batch_id__in=batch_ids)
    if placed.count() != case_count:
        raise CasesMovedOn(case_count=case_count - placed.count(), allocation_run_id=allocation_run_id, case_id="?")
    return batch_ids


def _secret(cases: pa.Table) -> bytes:
    """Return 32 bytes that depend on the cases alone: nothing is drawn, and the same swap is the same allocation."""
    return bytes.fromhex(content_hash(cases["case_id"].to_pylist()))
