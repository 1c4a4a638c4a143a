"""What daily feeds mean for placements: what is paid or cured ends, what the core recalls is recalled in two steps, new accounts follow.

Whether a placement ends is a function of the facts about the accounts it began with, of those later than what it was made on. More facts can
only end it, never bring it back; so the order in which they come makes no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection

from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting
from duecourse.placement.selectors.policies import policies_on
from duecourse.placement.services.endings import cases_closed
from duecourse.placement.services.locks import moves_lock
from duecourse.placement.services.moves import MOVES_MAX, moves_apply, moves_preview

RECALL_CODE = "core_recall"
_DONE = """
SELECT p.case_id, (array_agg(x.kind ORDER BY x.feed_at DESC, x.kind DESC))[1] AS kind
FROM placement_placement p
JOIN parties_creditor cr ON cr.id = p.creditor_id
JOIN placement_placementaccount pa ON pa.creditor_id = p.creditor_id AND pa.placement_id = p.id
LEFT JOIN LATERAL (
    SELECT f.kind, f.feed_at FROM portfolio_feedfact f
    WHERE f.creditor_id = p.creditor_id AND f.account_id = pa.account_id AND f.kind IN ('paid', 'cured')
        AND f.feed_at >= coalesce((SELECT max(r.feed_at) FROM portfolio_taperow r
            JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id AND t.feed_kind IN ('overdue', 'new')
            WHERE r.creditor_id = p.creditor_id AND r.account_id = pa.account_id AND r.balance_minor > 0
                AND t.known_at <= coalesce((pa.joined_on + 1)::timestamp AT TIME ZONE cr.zone, lower(p.during))), '-infinity')
    ORDER BY f.feed_at, f.kind DESC LIMIT 1) x ON true
WHERE p.creditor_id = %s AND p.case_id = ANY(%s) AND upper_inf(p.during)
GROUP BY p.case_id HAVING bool_and(x.kind IS NOT NULL) ORDER BY p.case_id
"""
_OPEN = """
SELECT p.case_id, p.id, b.contract_id, t.status, t.reason_code, t.id
FROM placement_placement p
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN LATERAL (SELECT t.id, t.status, t.reason_code FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true
WHERE p.creditor_id = %s AND p.case_id = ANY(%s) AND upper_inf(p.during) ORDER BY p.case_id
"""
_CANCEL = """
INSERT INTO placement_placementtransition (creditor_id, placement_id, status, reason_code, reason, effective_on, known_at, actor_id)
SELECT %s, id, 'recall_cancelled', %s, '', %s, %s, %s FROM unnest(%s::bigint[]) AS line (id)
"""
_FOLLOW = """
INSERT INTO placement_placementaccount
    (creditor_id, placement_id, account_id, principal_minor, interest_minor, fee_minor, penalty_minor, balance_minor, joined_on)
SELECT %s, p.id, line.account_id, r.principal_minor, r.interest_minor, r.fee_minor, r.penalty_minor, r.balance_minor, %s
FROM unnest(%s::bigint[], %s::bigint[]) AS line (account_id, case_id)
JOIN placement_placement p ON p.creditor_id = %s AND p.case_id = line.case_id AND upper_inf(p.during)
JOIN LATERAL (SELECT * FROM portfolio_taperow r WHERE r.creditor_id = p.creditor_id AND r.account_id = line.account_id
    ORDER BY r.feed_at DESC, r.balance_minor, r.tape_id DESC LIMIT 1) r ON true
ON CONFLICT (creditor_id, placement_id, account_id) DO NOTHING
"""


def placements_end_paid(*, actor: Actor, case_ids: Sequence[int], at: datetime) -> dict[str, int]:
    """End the open placements of which every account was paid or cured since they were made; return how many, by reason.

    The reason of a placement is the fact that came last by its own time.
    """
    with acting(actor):
        with connection.cursor() as cursor:
            cursor.execute(_DONE, [actor.creditor_id, list(case_ids)])
            found = cursor.fetchall()
        by_kind: defaultdict[str, list[int]] = defaultdict(list)
        for case_id, kind in found:
            by_kind[kind].append(case_id)
        return {kind: cases_closed(actor=actor, case_ids=cases, at=at, reason_code=kind) for kind, cases in sorted(by_kind.items())}


def recalls_follow(*, actor: Actor, case_ids: Sequence[int], recalled: Sequence[tuple[int, date]], on: date) -> tuple[int, int]:
    """Make recalls pending for the cases the core has recalled, and cancel those it has taken back; return how many of each.

    Args:
        actor: who takes the feed in.
        case_ids: the placed cases that were touched.
        recalled: those of them that the core recalls, with the day of its word.
        on: the creditor's day; a final day is never earlier.
    """
    with acting(actor):
        moves_lock(creditor_id=actor.creditor_id)
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [actor.creditor_id, list(case_ids)])
            placed = {case_id: row for case_id, *row in cursor.fetchall()}
        days = dict(recalled)
        pending = {c for c, row in placed.items() if row[2] == "recall_pending"}
        taken_back = [placed[c][0] for c in sorted(pending) if c not in days and placed[c][3] == RECALL_CODE]
        _cancel(actor, taken_back, on=on)
        policies = policies_on(creditor_id=actor.creditor_id, on=on)
        by_final: defaultdict[date, list[int]] = defaultdict(list)
        for case_id in sorted(days.keys() & placed.keys() - pending):
            policy = policies.get(placed[case_id][1]) or policies[None]
            by_final[max(on, days[case_id] + timedelta(days=policy.recall_notice_days))].append(case_id)
        return sum(_recall(actor, cases, final_on=final_on, on=on) for final_on, cases in sorted(by_final.items())), len(taken_back)


def new_accounts_of(*, actor: Actor, case_ids: Sequence[int], on: date) -> dict[int, str]:
    """Return, by placed case, what the policy of its contract does with an account that becomes overdue now."""
    with acting(actor), connection.cursor() as cursor:
        cursor.execute(_OPEN, [actor.creditor_id, list(case_ids)])
        policies = policies_on(creditor_id=actor.creditor_id, on=on)
        return {row[0]: (policies.get(row[2]) or policies[None]).new_account for row in cursor.fetchall()}


def placement_accounts_add(*, actor: Actor, rows: Sequence[tuple[int, int]], on: date) -> int:
    """Add accounts to the open placements of their cases, given as (account, case), from a day on; return how many.

    Their components are frozen as the newest row has them. The placement's own denominator stays as it was agreed.
    """
    with acting(actor), connection.cursor() as cursor:
        accounts, cases = [account for account, _ in rows], [case for _, case in rows]
        cursor.execute(_FOLLOW, [actor.creditor_id, on, accounts, cases, actor.creditor_id])
        added_count = cursor.rowcount
        if added_count:
            audit_append(
                creditor_id=actor.creditor_id, action="placement_accounts_added", subject_kind="creditor", subject_id=actor.creditor_id,
                details={"on": on, "account_count": added_count, "account_ids": accounts[:100]},
            )  # fmt: skip
        return added_count


def _recall(actor: Actor, case_ids: Sequence[int], *, final_on: date, on: date) -> int:
    moved_count = 0
    for start in range(0, len(case_ids), MOVES_MAX):
        chosen = case_ids[start : start + MOVES_MAX]
        move_set = moves_preview(actor=actor, kind="recall", reason_code=RECALL_CODE, as_of=on, case_ids=chosen, until_on=final_on)
        moved_count += moves_apply(actor=actor, move_set_id=move_set.pk).applied_count
    return moved_count


def _cancel(actor: Actor, placement_ids: Sequence[int], *, on: date) -> None:
    if not placement_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL, [actor.creditor_id, RECALL_CODE, on, now(), actor.user_id, list(placement_ids)])
    audit_append(
        creditor_id=actor.creditor_id, action="recalls_cancelled", subject_kind="creditor", subject_id=actor.creditor_id,
        details={"on": on, "placement_count": len(placement_ids), "reason_code": RECALL_CODE},
    )  # fmt: skip
