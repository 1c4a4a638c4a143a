"""A promise that somebody on the creditor's side was given: by telephone, at the counter, in a letter."""

from __future__ import annotations

from datetime import date

from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.repayment.models import Promise
from duecourse.repayment.services.matching import lock_accounts
from duecourse.repayment.services.promises import promise_make

BY_HAND = "audit_event"
"""The source of a promise written down by hand is the event in the trail that tells by whom."""


def promise_by_hand(*, actor: Actor, case_id: int, account_id: int, amount_minor: int, due_on: date, made_on: date) -> int:
    """Keep on record a promise that was given to the creditor itself, and return its number; said twice on one day, it is one promise.

    Args:
        actor: a manager or compliance officer of the creditor.
        case_id: the case.
        account_id: an account worked in it.
        amount_minor: what was promised, in the account's currency.
        due_on: by when, that day included.
        made_on: when it was said.

    Raises:
        Forbidden: the actor has another role.
        Absent, PromiseRefused: as `promise_make`.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="write down a promise")
    with acting(actor):
        lock_accounts(creditor_id=actor.creditor_id, account_ids={account_id})
        content = {"case_id": case_id, "account_id": account_id, "amount_minor": amount_minor, "due_on": due_on, "made_on": made_on}
        same = Promise.objects.filter(creditor_id=actor.creditor_id, source_kind=BY_HAND, **content).first()
        if same is not None:
            return same.pk
        event_id = audit_append(creditor_id=actor.creditor_id, action="promise_told", subject_kind="case", subject_id=case_id)
        return promise_make(actor=actor, source_kind=BY_HAND, source_id=event_id, **content)
