"""What daily feeds mean for placements: what is paid or cured ends, what the core recalls is recalled in two steps, new accounts follow.

Whether a placement ends is a function of the facts about the accounts it began with, of those later than what it was made on. More facts can
only end it, never bring it back; so the order in which they come makes no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import connection

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of
from duecourse.placement.models import PlacementTransition
from duecourse.placement.selectors.policies import policies_on
from duecourse.placement.services.endings import cases_closed
from duecourse.placement.services.locks import moves_lock
from duecourse.placement.services.moves import MOVES_MAX, moves_apply, moves_preview

RECALL_CODE, CLOSE_CODE = "core_recall", "core_closed"
_EXITS = """
SELECT p.case_id, pa.account_id, m.kind, m.feed_at, r.feed_at, r.known_at, ca.from_on
FROM placement_placement p
JOIN parties_creditor cr ON cr.id = p.creditor_id
JOIN placement_placementaccount pa ON pa.creditor_id = p.creditor_id AND pa.placement_id = p.id
LEFT JOIN portfolio_caseaccount ca ON ca.creditor_id = p.creditor_id AND ca.case_id = p.case_id AND ca.account_id = pa.account_id
    AND ca.until_on IS NULL
LEFT JOIN LATERAL (SELECT max(r.feed_at) AS ground_at FROM portfolio_taperow r
    JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id AND t.feed_kind IN ('overdue', 'new')
    WHERE r.creditor_id = p.creditor_id AND r.account_id = pa.account_id AND r.balance_minor > 0
        AND t.known_at <= coalesce((pa.joined_on + 1)::timestamp AT TIME ZONE cr.zone, lower(p.during))) g ON true
LEFT JOIN LATERAL (SELECT f.kind, f.feed_at FROM portfolio_feedfact f
    WHERE f.creditor_id = p.creditor_id AND f.account_id = pa.account_id AND f.kind IN ('paid', 'cured')
        AND f.feed_at >= coalesce(g.ground_at, '-infinity') ORDER BY f.feed_at, f.kind DESC LIMIT 1) m ON true
LEFT JOIN LATERAL (SELECT f.feed_at, f.known_at FROM portfolio_feedfact f
    WHERE f.creditor_id = p.creditor_id AND f.account_id = pa.account_id AND f.kind = 'recalled'
        AND f.feed_at >= coalesce(g.ground_at, '-infinity') ORDER BY f.feed_at LIMIT 1) r ON true
WHERE p.creditor_id = %s AND p.case_id = ANY(%s) AND upper_inf(p.during) ORDER BY p.case_id, pa.account_id
"""
_OPEN = """
SELECT p.case_id, p.id, b.contract_id, t.status, t.known_at, t.reason_code, t.last_on, t.move_set_id, p.term_until_on
FROM placement_placement p
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN LATERAL (SELECT t.* FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true
WHERE p.creditor_id = %s AND p.case_id = ANY(%s) AND upper_inf(p.during) ORDER BY p.case_id
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


class Exit(NamedTuple):
    """What feeds say of an account in a placement since what the placement was made on; None where they say nothing.

    Attributes:
        case_id, account_id: which.
        money_kind, money_at: paid or cured, the first such fact.
        recalled_at, recall_known_at: the first recall, and when it became known here.
        member_from_on: since when the account is in the case, None when it is not any more.
    """

    case_id: int
    account_id: int
    money_kind: str | None
    money_at: datetime | None
    recalled_at: datetime | None
    recall_known_at: datetime | None
    member_from_on: date | None


def placement_exits(*, actor: Actor, case_ids: Sequence[int]) -> list[Exit]:
    """Return what feeds say of the accounts of the open placements of cases, by case and account."""
    with acting(actor), connection.cursor() as cursor:
        cursor.execute(_EXITS, [actor.creditor_id, list(case_ids)])
        return [Exit(*row) for row in cursor.fetchall()]


def placements_end_paid(*, actor: Actor, exits: Sequence[Exit], at: datetime) -> int:
    """End the open placements of which every account was paid or cured since they were made; return how many.

    An account that left for another reason is passed over. The reason does not tell paid from cured: an ended placement is never written
    anew, and a fact that comes late may. The case's own reason tells it.
    """
    done = []
    for case_id, accounts in _by_case(exits).items():
        told = [exit_ for exit_ in accounts if not _is_gone(exit_)]
        if told and all(exit_.money_at for exit_ in told):
            done.append(case_id)
    return cases_closed(actor=actor, case_ids=done, at=at, reason_code=CLOSE_CODE) if done else 0


def recalls_follow(*, actor: Actor, exits: Sequence[Exit], on: date) -> int:
    """Make recalls pending for the open placements of which the core has recalled everything that is not paid; return how many.

    The final day is the policy's days after the core's last word, and never earlier than today. A recall that a person has cancelled since it
    became known stays cancelled.
    """
    with acting(actor):
        moves_lock(creditor_id=actor.creditor_id)
        zone = creditor_of(actor).zone
        wanted: dict[int, tuple[datetime, datetime]] = {}
        for case_id, accounts in _by_case(exits).items():
            told = [exit_ for exit_ in accounts if not _is_gone(exit_)]
            recalled = [exit_ for exit_ in told if exit_.money_at is None]
            if recalled and all(exit_.recalled_at for exit_ in recalled):
                last_at = max(exit_.recalled_at for exit_ in recalled if exit_.recalled_at)
                wanted[case_id] = (last_at, max(exit_.recall_known_at for exit_ in recalled if exit_.recall_known_at))
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [actor.creditor_id, sorted(wanted)])
            placed = cursor.fetchall()
        policies = policies_on(creditor_id=actor.creditor_id, on=on)
        by_final: defaultdict[date, list[int]] = defaultdict(list)
        for case_id, placement_id, contract_id, status, known_at, reason_code, last_on, move_set_id, term_until_on in placed:
            last_at, recall_known_at = wanted[case_id]
            policy = policies.get(contract_id) or policies[None]
            final_on = max(on, local_day(last_at, zone) + timedelta(days=policy.recall_notice_days))
            if status == "recall_pending":
                is_other = reason_code == RECALL_CODE and last_on >= on and last_on != min(final_on, term_until_on)
                if is_other:
                    _put_off(actor, placement_id, move_set_id, final_on=min(final_on, term_until_on), on=on)
            elif status != "recall_cancelled" or known_at < recall_known_at:
                by_final[final_on].append(case_id)
        return sum(_recall(actor, cases, final_on=final_on, on=on) for final_on, cases in sorted(by_final.items()))


def _by_case(exits: Sequence[Exit]) -> dict[int, list[Exit]]:
    found: defaultdict[int, list[Exit]] = defaultdict(list)
    for exit_ in exits:
        found[exit_.case_id].append(exit_)
    return found


def _is_gone(exit_: Exit) -> bool:
    return exit_.member_from_on is None and exit_.money_at is None and exit_.recalled_at is None


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


def _put_off(actor: Actor, placement_id: int, move_set_id: int | None, *, final_on: date, on: date) -> None:
    """Give a pending recall of the core another final day, because more is known of it; it stays in the set of moves it came with."""
    PlacementTransition.objects.create(
        creditor_id=actor.creditor_id, placement_id=placement_id, status="recall_pending", reason_code=RECALL_CODE, effective_on=on,
        last_on=final_on, move_set_id=move_set_id, known_at=now(), actor_id=actor.user_id,
    )  # fmt: skip


def _recall(actor: Actor, case_ids: Sequence[int], *, final_on: date, on: date) -> int:
    moved_count = 0
    for start in range(0, len(case_ids), MOVES_MAX):
        chosen = case_ids[start : start + MOVES_MAX]
        move_set = moves_preview(actor=actor, kind="recall", reason_code=RECALL_CODE, as_of=on, case_ids=chosen, until_on=final_on)
        moved_count += moves_apply(actor=actor, move_set_id=move_set.pk).applied_count
    return moved_count
