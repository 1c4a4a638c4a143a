"""Giving an agency's cases to its collectors: preview, assign, take back.

A preview is a pure function of what is there: the cases, who works them, and how much each chosen collector has. It is computed again under
the locks when it is applied, and applied only when it comes out the same; so two leads never overwrite each other unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import content_hash
from duecourse.ledger.selectors.rows import dicts
from duecourse.ledger.services import audit_append, statistics_refresh
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role
from duecourse.placement.errors import AssignmentChanged, AssignmentUnclear
from duecourse.placement.selectors.workbench import collectors
from duecourse.placement.services.locks import cases_lock
from duecourse.placement.services.moves import desk

WAYS = ("count", "balance")
CASES_MAX = 20_000

_FACTS = """
SELECT p.case_id, p.id AS placement_id, p.placed_minor, x.id AS assignment_id, x.user_id, b.code AS batch_code,
       EXISTS (SELECT 1 FROM placement_batchreceipt r
           WHERE r.creditor_id = p.creditor_id AND r.batch_id = p.batch_id AND r.kind = 'accepted') AS is_accepted
FROM unnest(%(cases)s::bigint[]) AS wanted (case_id)
JOIN placement_placement p ON p.creditor_id = %(creditor)s AND p.case_id = wanted.case_id AND upper_inf(p.during)
    AND p.agency_id = %(agency)s
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
LEFT JOIN placement_caseassignment x ON x.creditor_id = p.creditor_id AND x.case_id = p.case_id AND x.until_at IS NULL
ORDER BY p.placed_minor DESC, p.case_id
"""
_LOADS = """
SELECT x.user_id, count(*) AS case_count, coalesce(sum(p.placed_minor), 0)::bigint AS placed_minor
FROM placement_caseassignment x JOIN placement_placement p ON p.creditor_id = x.creditor_id AND p.id = x.placement_id
WHERE x.creditor_id = %(creditor)s AND x.agency_id = %(agency)s AND x.until_at IS NULL AND NOT x.case_id = ANY(%(cases)s)
GROUP BY x.user_id
"""
_END = """
UPDATE placement_caseassignment SET until_at = greatest(from_at, %s), ended_by = %s WHERE creditor_id = %s AND id = ANY(%s)
"""
_BEGIN = """
INSERT INTO placement_caseassignment (creditor_id, placement_id, case_id, agency_id, user_id, from_at, assigned_by)
SELECT %s, line.placement_id, line.case_id, %s, line.user_id, %s, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS line (placement_id, case_id, user_id)
"""


@dataclass(frozen=True, slots=True)
class Share:
    """What one collector has, gets and would have.

    Attributes:
        user_id, name: the collector.
        before_count, before_minor: what stays with them: cases that are not chosen here.
        given_count, given_minor: what they get or keep of the chosen cases.
    """

    user_id: int
    name: str
    before_count: int
    before_minor: int
    given_count: int
    given_minor: int

    @property
    def after_count(self) -> int:
        """Cases they would have."""
        return self.before_count + self.given_count

    @property
    def after_minor(self) -> int:
        """Balance they would have, as it was placed."""
        return self.before_minor + self.given_minor


@dataclass(frozen=True, slots=True)
class AssignmentPlan:
    """Who would get which case.

    Attributes:
        rows: (case, placement, open assignment or None, who has it or None, who gets it or None to take it back).
        shares: per chosen collector, by name.
        changed_count: cases that change hands.
        plan_hash: of all of it; confirm with it.
    """

    rows: tuple[tuple[int, int, int | None, int | None, int | None], ...]
    shares: tuple[Share, ...]
    changed_count: int
    plan_hash: str


def assignment_preview(*, actor: Actor, case_ids: Sequence[int], user_ids: Sequence[int], way: str = "count") -> AssignmentPlan:
    """Say who would get which of the chosen cases; nothing changes.

    The chosen cases are dealt from the largest to the smallest, each to whoever has least by then, so that the totals come out even:
    by number of cases, or by balance as placed. Whom several could get it, the one who has it keeps it. No collectors: all are taken back.

    Args:
        actor: a lead of the agency.
        case_ids: cases that are open with the agency, of accepted batches; at most `CASES_MAX`.
        user_ids: who shares them: people who work at the agency today. One is by hand.
        way: of `WAYS`.

    Raises:
        Forbidden: the actor does not lead an agency.
        Absent: a case is not with the agency, or a person does not work there.
        AssignmentUnclear: nothing is chosen, too much is, or a batch is not accepted.
    """
    require(actor, Role.LEAD, action="assign cases")
    with acting(actor):
        return _plan(actor, sorted(set(case_ids)), user_ids=sorted(set(user_ids)), way=way)


def assignments_make(
    *, actor: Actor, case_ids: Sequence[int], user_ids: Sequence[int], way: str = "count", plan_hash: str = ""
) -> AssignmentPlan:
    """Assign the chosen cases as previewed.

    Args:
        actor: a lead of the agency.
        case_ids: as for the preview.
        user_ids: as for the preview.
        way: as for the preview.
        plan_hash: of the preview; '' takes what is there now.

    Returns:
        What was done; with `changed_count` 0 nothing had to be.

    Raises:
        AssignmentChanged: it would come out otherwise than previewed; nothing is changed.
        Forbidden, Absent, AssignmentUnclear: as for the preview.

    Guarantees: all or nothing; who had a case until then stands in the history with who ended it.
    """
    require(actor, Role.LEAD, action="assign cases")
    chosen, people = sorted(set(case_ids)), sorted(set(user_ids))
    with acting(actor):
        _plan(actor, chosen, user_ids=people, way=way)
        with acting(desk(actor)):
            cases_lock(creditor_id=actor.creditor_id, case_ids=chosen)
        plan = _plan(actor, chosen, user_ids=people, way=way)
        if plan_hash and plan_hash != plan.plan_hash:
            raise AssignmentChanged
        with acting(desk(actor)):
            _write(actor, plan)
        return plan


def _plan(actor: Actor, case_ids: list[int], *, user_ids: list[int], way: str) -> AssignmentPlan:
    if not case_ids or len(case_ids) > CASES_MAX or way not in WAYS:
        raise AssignmentUnclear(reasons=f"choose 1 to {CASES_MAX} cases, and {' or '.join(WAYS)}")
    names = {row["user_id"]: row["name"] for row in collectors(actor=actor, on=_today(actor)) if row["is_active"]}
    if not set(user_ids) <= set(names):
        raise Absent(entity="collector")
    wanted = {"creditor": actor.creditor_id, "agency": actor.agency_id, "cases": case_ids}
    facts = dicts(_FACTS, **wanted)
    if len(facts) != len(case_ids):
        raise Absent(entity="case")
    if waiting := sorted({row["batch_code"] for row in facts if not row["is_accepted"]}):
        raise AssignmentUnclear(reasons=f"not accepted yet: {', '.join(waiting[:5])}")
    loads = {row["user_id"]: row for row in dicts(_LOADS, **wanted)}
    before = {user: (loads.get(user, {}).get("case_count", 0), loads.get(user, {}).get("placed_minor", 0)) for user in user_ids}
    given: dict[int, int | None] = dict.fromkeys(row["case_id"] for row in facts)
    given |= _dealt(facts, before, way=way) if user_ids else {}
    rows = tuple((r["case_id"], r["placement_id"], r["assignment_id"], r["user_id"], given[r["case_id"]]) for r in facts)
    shares = tuple(_share(user, names[user], before[user], facts, given) for user in sorted(user_ids, key=lambda user: names[user]))
    changed_count = sum(had != gets for *_, had, gets in rows)
    return AssignmentPlan(rows, shares, changed_count, content_hash([[list(row) for row in rows], way]))


def _dealt(facts: list[dict[str, Any]], before: dict[int, tuple[int, int]], *, way: str) -> dict[int, int]:
    """Deal the cases, largest first, each to whoever has least; of several with the same, who has it keeps it."""
    loads = {user: cases if way == "count" else minor for user, (cases, minor) in before.items()}
    dealt: dict[int, int] = {}
    for row in facts:
        user = min(loads, key=lambda each: (loads[each], each != row["user_id"], each))
        loads[user] += 1 if way == "count" else row["placed_minor"]
        dealt[row["case_id"]] = user
    return dealt


def _share(user_id: int, name: str, before: tuple[int, int], facts: list[dict[str, Any]], given: dict[int, int | None]) -> Share:
    own = [row["placed_minor"] for row in facts if given[row["case_id"]] == user_id]
    return Share(user_id, name, before[0], before[1], len(own), sum(own))


def _write(actor: Actor, plan: AssignmentPlan) -> None:
    changed = [row for row in plan.rows if row[3] != row[4]]
    if not changed:
        return
    at = now()
    ended = [assignment for _, _, assignment, _, _ in changed if assignment is not None]
    begun = [(placement, case, gets) for case, placement, _, _, gets in changed if gets is not None]
    with connection.cursor() as cursor:
        cursor.execute(_END, [at, actor.user_id, actor.creditor_id, ended])
        if begun:
            columns = [list(column) for column in zip(*begun, strict=True)]
            cursor.execute(_BEGIN, [actor.creditor_id, actor.agency_id, at, actor.user_id, *columns])
    statistics_refresh("placement_caseassignment", row_count=len(begun))
    details = {"agency_id": actor.agency_id, "case_count": len(changed), "rows_hash": content_hash([list(row) for row in changed])}
    details |= {"given": {str(share.user_id): share.given_count for share in plan.shares}}
    audit_append(
        creditor_id=actor.creditor_id, action="cases_assigned", subject_kind="agency", subject_id=actor.agency_id or 0, details=details
    )


def _today(actor: Actor) -> date:
    return local_day(now(), creditor_of(actor).zone)
