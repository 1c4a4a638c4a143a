"""Promises: what a debtor said they would pay, and whether they did."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.portfolio.models import Account, Case, CaseAccount
from duecourse.repayment.errors import PromiseConflict, PromiseRefused
from duecourse.repayment.models import Promise

GRACE_DAYS = 0
"""Days after the promised one on which a payment still keeps the promise."""

_JUDGE = """
INSERT INTO repayment_promiseoutcome (creditor_id, promise_id, outcome, paid_minor, judged_on, known_at)
SELECT p.creditor_id, p.id,
       CASE WHEN paid.minor >= p.amount_minor THEN 'kept' WHEN paid.minor > 0 THEN 'part_kept' ELSE 'broken' END, paid.minor, %s, %s
FROM repayment_promise p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(y.amount_minor), 0)::bigint AS minor FROM repayment_paymentmatch m
    JOIN repayment_payment y ON y.creditor_id = m.creditor_id AND y.id = m.payment_id
    WHERE m.creditor_id = p.creditor_id AND m.account_id = p.account_id AND m.how <> 'reversal' AND y.currency = p.currency
      AND y.paid_on BETWEEN p.made_on AND p.due_on + %s
      AND NOT EXISTS (SELECT 1 FROM repayment_payment r WHERE r.creditor_id = y.creditor_id AND r.reverses_id = y.id)
) paid
WHERE p.creditor_id = %s AND p.due_on + %s < %s
  AND NOT EXISTS (SELECT 1 FROM repayment_promiseoutcome o WHERE o.creditor_id = p.creditor_id AND o.promise_id = p.id)
ORDER BY p.id
ON CONFLICT (creditor_id, promise_id) DO NOTHING RETURNING outcome
"""


def promise_make(
    *,
    actor: Actor,
    case_id: int,
    account_id: int,
    amount_minor: int,
    due_on: date,
    made_on: date,
    source_kind: str,
    source_id: int,
) -> int:
    """Keep a promise to pay on record and return its number; the same source with the same promise returns the one it had.

    Args:
        actor: the creditor's staff, or an agency's people for a case that is with them.
        case_id: the case.
        account_id: an account worked in the case.
        amount_minor: what was promised, in the account's currency.
        due_on: by when, that day included.
        made_on: when it was said.
        source_kind: kind of the row that tells of it, `attempt` for example.
        source_id: that row's id.

    Raises:
        Absent: there is no such case for this actor, or the account is not in it.
        PromiseRefused: nothing is promised, or for a day before it was made.
        PromiseConflict: the source stands for another promise.
    """
    require(actor, *Role.values, action="keep a promise on record")
    if amount_minor <= 0:
        raise PromiseRefused(reason="the amount is not above zero")
    if due_on < made_on:
        raise PromiseRefused(reason="the day lies before the one on which it was made")
    with acting(actor):
        if not Case.objects.filter(creditor_id=actor.creditor_id, pk=case_id).exists():
            raise Absent(entity="case")
        in_case = CaseAccount.objects.filter(creditor_id=actor.creditor_id, case_id=case_id, account_id=account_id, until_on__isnull=True)
        account = Account.objects.filter(creditor_id=actor.creditor_id, pk=account_id).first() if in_case.exists() else None
        if account is None:
            raise Absent(entity="account")
        content: dict[str, Any] = {"case_id": case_id, "account_id": account_id, "amount_minor": amount_minor, "currency": account.currency}
        content |= {"made_on": made_on, "due_on": due_on}
        key = {"creditor_id": actor.creditor_id, "source_kind": source_kind, "source_id": source_id}
        promise, is_new = Promise.objects.get_or_create(**key, defaults=content | {"known_at": now()})
        if not is_new and any(getattr(promise, name) != value for name, value in content.items()):
            raise PromiseConflict(source_kind=source_kind, source_id=source_id)
        if is_new:
            details = {"case_id": case_id, "account_id": account_id, "amount_minor": amount_minor, "due_on": due_on}
            audit_append(
                creditor_id=actor.creditor_id, action="promise_made", subject_kind="promise", subject_id=promise.pk, details=details
            )
        return promise.pk


def promises_judge(*, actor: Actor, on: date) -> int:
    """Judge every promise whose day has passed before `on` and return how many were judged; a promise is judged once.

    Kept: payments matched to the account, paid from the day of the promise to its due day and not reversed, reach the amount; kept in part:
    they reach something; broken: nothing came.

    Raises:
        Forbidden: the actor is not on the creditor's side.
    """
    require(actor, Role.MANAGER, Role.ACCOUNTANT, Role.ANALYST, action="judge promises")
    with acting(actor), connection.cursor() as cursor:
        cursor.execute(_JUDGE, [on, now(), GRACE_DAYS, actor.creditor_id, GRACE_DAYS, on])
        outcomes = [outcome for (outcome,) in cursor.fetchall()]
        if outcomes:
            details = {"on": on} | {f"{name}_count": outcomes.count(name) for name in ("kept", "part_kept", "broken")}
            audit_append(
                creditor_id=actor.creditor_id,
                action="promises_judged",
                subject_kind="creditor",
                subject_id=actor.creditor_id,
                details=details,
            )
        return len(outcomes)
