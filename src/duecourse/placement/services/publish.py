"""Publishing an approved allocation: batches and placements in one transaction.

Order of locks: the creditor's publications (an advisory lock, so that one happens at a time), persons by id ascending, cases by id.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from duecourse.engine.frames import from_rows
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.ledger.selectors.rows import dicts
from duecourse.ledger.services import audit_append, statistics_refresh
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role
from duecourse.placement.errors import AllocationNotApproved, BalancesMoved, CasesMovedOn, TermsNotInForce
from duecourse.placement.models import AllocationRun, Batch
from duecourse.placement.selectors import access_allocation
from duecourse.placement.selectors.policies import TermEnd, policy_on, term_end
from duecourse.placement.selectors.terms import obstacles, versions_in_force
from duecourse.placement.services.locks import cases_lock, moves_lock
from duecourse.portfolio.services import CASES_PLACED, cases_placed

_FILLED = ("placement_placement", "placement_placementaccount", "placement_placementtransition", "portfolio_case")

_CHOSEN = """
SELECT r.agency_id, a.code AS agency_code, v.contract_id FROM placement_allocationrow r
JOIN parties_agency a ON a.creditor_id = r.creditor_id AND a.id = r.agency_id
JOIN parties_contractversion v ON v.creditor_id = r.creditor_id AND v.id = r.contract_version_id
WHERE r.creditor_id = %(creditor)s AND r.allocation_run_id = %(run)s GROUP BY 1, 2, 3 ORDER BY 1
"""

_MOVED = """
SELECT count(*), min(r.case_id) FROM placement_allocationrow r
JOIN LATERAL (
    SELECT c.open_agency_id, c.hand_count FROM portfolio_case c WHERE c.creditor_id = r.creditor_id AND c.id = r.case_id LIMIT 1) c ON true
WHERE r.creditor_id = %(creditor)s AND r.allocation_run_id = %(run)s AND r.agency_id IS NOT NULL
  AND (c.open_agency_id IS NOT NULL OR c.hand_count + 1 <> r.hand)
"""

# What may still be placed of what was approved: a case that was closed since, or whose debtor is under a hold, is withheld.
_FREE = """
CREATE TEMPORARY TABLE placing_case ON COMMIT DROP AS
    SELECT r.* FROM placement_allocationrow r
    JOIN LATERAL (
        SELECT c.person_id FROM portfolio_case c
        WHERE c.creditor_id = r.creditor_id AND c.id = r.case_id AND c.closed_on IS NULL LIMIT 1) c ON true
    WHERE r.creditor_id = %(creditor)s AND r.allocation_run_id = %(run)s AND r.agency_id IS NOT NULL
      AND NOT EXISTS (
        SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = r.creditor_id AND h.person_id = c.person_id AND h.stops_placement
          AND h.from_on <= %(placed_on)s AND (h.until_on IS NULL OR h.until_on > %(placed_on)s))
"""

# The components of each account on the run's day: of the newest snapshot of that day, or, when there is none, of the newest tape.
_COMPONENTS = """
CREATE TEMPORARY TABLE placing_account ON COMMIT DROP AS
    SELECT f.case_id, ca.account_id, coalesce(s.principal_minor, t.principal_minor) AS principal_minor,
           coalesce(s.interest_minor, t.interest_minor) AS interest_minor, coalesce(s.fee_minor, t.fee_minor) AS fee_minor,
           coalesce(s.penalty_minor, t.penalty_minor) AS penalty_minor, coalesce(s.balance_minor, t.balance_minor) AS balance_minor
    FROM placing_case f
    JOIN portfolio_caseaccount ca ON ca.creditor_id = f.creditor_id AND ca.case_id = f.case_id AND ca.until_on IS NULL
    JOIN LATERAL (
        SELECT FROM portfolio_account a WHERE a.creditor_id = f.creditor_id AND a.id = ca.account_id AND a.currency = f.currency LIMIT 1) a ON true
    LEFT JOIN LATERAL (
        SELECT s.* FROM portfolio_snapshot s
        WHERE s.creditor_id = f.creditor_id AND s.account_id = ca.account_id AND s.step_run_id = %(step_run)s LIMIT 1) s ON true
    LEFT JOIN LATERAL (
        SELECT t.* FROM portfolio_taperow t
        JOIN portfolio_tape tape ON tape.creditor_id = t.creditor_id AND tape.id = t.tape_id AND tape.state = 'published'
        WHERE %(step_run)s::bigint IS NULL AND t.creditor_id = f.creditor_id AND t.account_id = ca.account_id AND tape.as_of <= %(as_of)s
        ORDER BY t.feed_at DESC, t.balance_minor, t.tape_id DESC LIMIT 1) t ON true
    WHERE s.id IS NOT NULL OR t.id IS NOT NULL
"""

_NEWEST = "SELECT max(step_run_id) FROM portfolio_snapshot WHERE creditor_id = %(creditor)s AND as_of = %(as_of)s"

# Freshly written tables have no statistics, and a join planned for one row becomes quadratic. So rows are looked up one by one through
# their keys (LATERAL … LIMIT 1), and what follows works on staged tables that are counted first.
_DROP = "DROP TABLE IF EXISTS placing_case, placing_account"
_KNOW_CASES = "CREATE INDEX ON placing_case (case_id); ANALYZE placing_case"
_KNOW_ACCOUNTS = "CREATE INDEX ON placing_account (case_id); ANALYZE placing_account"

_OTHER_BALANCE = """
SELECT count(*), min(f.case_id) FROM placing_case f
LEFT JOIN (SELECT case_id, sum(balance_minor) AS balance_minor FROM placing_account GROUP BY case_id) c ON c.case_id = f.case_id
WHERE c.balance_minor IS DISTINCT FROM f.balance_minor
"""

_SHARES = """
SELECT agency_id, count(*) AS case_count, sum(balance_minor)::bigint AS placed_minor FROM placing_case GROUP BY agency_id ORDER BY agency_id
"""

_PLACE = """
WITH placed AS (
    INSERT INTO placement_placement (creditor_id, batch_id, case_id, agency_id, contract_version_id, hand, during, term_until_on,
        placed_minor, currency, days_past_due, segment_key, is_random_slice, propensity_share, end_reason)
    SELECT f.creditor_id, b.id, f.case_id, f.agency_id, b.contract_version_id, f.hand, tstzrange(%(at)s, NULL), b.term_until_on,
           f.balance_minor, f.currency, f.days_past_due, f.segment_key, f.is_random_slice, f.propensity_share, ''
    FROM placing_case f JOIN placement_batch b
      ON b.creditor_id = f.creditor_id AND b.allocation_run_id = f.allocation_run_id AND b.agency_id = f.agency_id
    ORDER BY f.case_id
    RETURNING creditor_id, id, case_id, agency_id, hand
), accounts AS (
    INSERT INTO placement_placementaccount
        (creditor_id, placement_id, account_id, principal_minor, interest_minor, fee_minor, penalty_minor, balance_minor)
    SELECT p.creditor_id, p.id, c.account_id, c.principal_minor, c.interest_minor, c.fee_minor, c.penalty_minor, c.balance_minor
    FROM placed p JOIN placing_account c ON c.case_id = p.case_id
), steps AS (
    INSERT INTO placement_placementtransition (creditor_id, placement_id, status, reason, effective_on, known_at, actor_id)
    SELECT creditor_id, id, 'placed', '', %(placed_on)s, %(now)s, %(user)s FROM placed
)
SELECT case_id, agency_id, hand FROM placed ORDER BY case_id
"""


def allocation_publish(*, actor: Actor, allocation_run_id: int, at: datetime) -> list[int]:
    """Place the cases of an approved allocation from an instant on and return the batches' numbers; a repeat returns the same ones.

    A case that was closed since the approval, or whose debtor came under a hold that stops placement, is withheld and counted in the
    audit event; it keeps its row and has no placement.

    Args:
        actor: a manager of the creditor, or the system.
        allocation_run_id: the approved allocation.
        at: when the placements begin; an aware instant.

    Raises:
        Absent: there is no such allocation for this actor.
        AllocationNotApproved: it is proposed or rejected.
        TermsNotInForce: an agency has no signed contract in force on the day, or a qualification that is not valid; all are listed.
        CasesMovedOn: a case was placed since the proposal.
        BalancesMoved: the balance of a case is not the one that was approved.

    Guarantees: batches, placements, frozen balances, history and the cases' agencies are all written or none is; at most one placement
        of a case is open; what is frozen in the placements is what was approved.
    """
    require(actor, Role.MANAGER, action="publish an allocation")
    with acting(actor), connection.cursor() as cursor:
        run = access_allocation(actor, allocation_run_id=allocation_run_id)
        moves_lock(creditor_id=actor.creditor_id)
        if not AllocationRun.objects.filter(pk=run.pk, state="approved").update(state="published"):
            return _published(run)
        creditor = creditor_of(actor)
        placed_on = local_day(at, creditor.zone)
        wanted = {"creditor": actor.creditor_id, "run": run.pk, "as_of": run.as_of, "placed_on": placed_on, "at": at}
        wanted |= {"now": now(), "user": actor.user_id, "calendar": creditor.calendar}
        cursor.execute(_NEWEST, wanted)
        wanted["step_run"] = cursor.fetchone()[0]
        cases_lock(creditor_id=actor.creditor_id, allocation_run_id=run.pk)
        _stage(cursor, wanted)
        batches = _batches(wanted, currency=run.policy["currency"])
        cursor.execute(_PLACE, wanted)
        placed = cursor.fetchall()
        cases_placed(actor=actor, rows=from_rows([dict(zip(CASES_PLACED.names, row, strict=True)) for row in placed], CASES_PLACED))
        _note(actor, run, batches, placed_count=len(placed), wanted=wanted)
        statistics_refresh(*_FILLED, row_count=len(placed))
        return [batch.pk for batch in batches]


def _published(run: AllocationRun) -> list[int]:
    run.refresh_from_db()
    if run.state != "published":
        raise AllocationNotApproved(allocation_run_id=run.pk, state=run.state)
    return list(Batch.objects.filter(allocation_run=run).order_by("pk").values_list("pk", flat=True))


def _stage(cursor: Any, wanted: dict[str, Any]) -> None:
    """Stage what may be placed and its frozen balances, and refuse what is not as it was approved."""
    _refuse(cursor, wanted, _MOVED, CasesMovedOn)
    for query in (_DROP, _FREE, _KNOW_CASES, _COMPONENTS, _KNOW_ACCOUNTS):
        cursor.execute(query, wanted)
    _refuse(cursor, wanted, _OTHER_BALANCE, BalancesMoved)


def _refuse(cursor: Any, wanted: dict[str, Any], query: str, error: type[CasesMovedOn | BalancesMoved]) -> None:
    cursor.execute(query, wanted)
    case_count, case_id = cursor.fetchone()
    if case_count:
        raise error(case_count=case_count, allocation_run_id=wanted["run"], case_id=case_id)


def _batches(wanted: dict[str, Any], *, currency: str) -> list[Batch]:
    """Write one batch per agency under the terms in force on the day; the code is month, agency and a number within both."""
    chosen = dicts(_CHOSEN, **wanted)
    contracts = [(row["agency_id"], row["agency_code"], row["contract_id"]) for row in chosen]
    placed_on: date = wanted["placed_on"]
    found = obstacles(creditor_id=wanted["creditor"], contracts=contracts, on=placed_on, currency=currency)
    if found:
        reasons = "; ".join(f"{row['agency_code']}: {row['reason']}" for row in found)
        raise TermsNotInForce(placed_on=placed_on.isoformat(), reasons=reasons)
    versions = versions_in_force(creditor_id=wanted["creditor"], on=placed_on)
    terms = {row["agency_id"]: versions[row["contract_id"]] for row in chosen}
    return [_batch(wanted, share, terms[share["agency_id"]], currency=currency) for share in dicts(_SHARES, **wanted)]


def _batch(wanted: dict[str, Any], share: dict[str, Any], version: dict[str, Any], *, currency: str) -> Batch:
    placed_on: date = wanted["placed_on"]
    end = _term_end(wanted, version)
    if not end.is_known:
        wanted.setdefault("terms_not_rolled", []).append(version["agency_code"])
    prefix = f"{placed_on:%Y-%m}-{version['agency_code'].upper()}-"
    earlier = Batch.objects.filter(creditor_id=wanted["creditor"], code__startswith=prefix)
    numbers = [int(code.removeprefix(prefix)) for code in earlier.values_list("code", flat=True) if code.removeprefix(prefix).isdecimal()]
    return Batch.objects.create(
        creditor_id=wanted["creditor"],
        allocation_run_id=wanted["run"],
        agency_id=share["agency_id"],
        contract_id=version["contract_id"],
        contract_version_id=version["contract_version_id"],
        code=f"{prefix}{max(numbers, default=0) + 1}",
        placed_on=placed_on,
        term_until_on=end.until_on,
        case_count=share["case_count"],
        placed_minor=share["placed_minor"],
        currency=currency,
    )


def _term_end(wanted: dict[str, Any], version: dict[str, Any]) -> TermEnd:
    """Return where the term ends: the contract's days after the placement, moved off holidays by the policy's rule."""
    policy = policy_on(creditor_id=wanted["creditor"], on=wanted["placed_on"], contract_id=version["contract_id"])
    asked_on = wanted["placed_on"] + timedelta(days=version["placement_term_days"])
    return term_end(asked_on, rule=policy.roll_rule, calendar_name=wanted["calendar"])


def _note(actor: Actor, run: AllocationRun, batches: list[Batch], *, placed_count: int, wanted: dict[str, Any]) -> None:
    details = {
        "rows_hash": run.rows_hash,
        "placed_on": wanted["placed_on"],
        "terms_not_rolled": wanted.get("terms_not_rolled", []),
        "placed_count": placed_count,
        "withheld_count": run.summary["placed_count"] - placed_count,
        "batches": [{"id": batch.pk, "code": batch.code, "case_count": batch.case_count} for batch in batches],
    }
    audit_append(
        creditor_id=actor.creditor_id, action="allocation_published", subject_kind="allocation_run", subject_id=run.pk, details=details
    )
