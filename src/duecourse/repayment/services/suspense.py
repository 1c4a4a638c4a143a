"""Taking a payment out of suspense by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from duecourse.engine.imputation import CIVIL_CODE_561, ORDERS
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.ledger.services import PostingLine, audit_append, entry_post
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role
from duecourse.portfolio.models import Account
from duecourse.repayment.errors import CurrencyDiffers, NotInSuspense, OrderUnknown, PaymentReversed
from duecourse.repayment.models import Payment, PaymentMatch
from duecourse.repayment.services.attribution import attribute
from duecourse.repayment.services.booking import SUSPENSE_MATCH, imputed_sides, matches_insert
from duecourse.repayment.services.matching import lock_accounts
from duecourse.repayment.services.reversals import lock_payments


def suspense_match(
    *, actor: Actor, payment_id: int, account_id: int, booked_on: date | None = None, order: str = CIVIL_CODE_561.name
) -> int:
    """Match a payment in suspense to an account and return what it met, in minor units; the same match again changes nothing.

    What is left over stays in suspense under the account. The recovery counts by the payment's own dates.

    Args:
        actor: an accountant or manager of the creditor.
        payment_id: a payment in suspense.
        account_id: where it belongs.
        booked_on: the day whose books the match enters; None for today in the creditor's zone.
        order: name of the order of imputation.

    Raises:
        Forbidden: the actor has another role.
        Absent: there is no such payment or account for this actor.
        NotInSuspense: it belongs to another account already.
        PaymentReversed: the bank took it back.
        CurrencyDiffers: the account is in another currency.
        OrderUnknown: there is no such order.
    """
    require(actor, Role.ACCOUNTANT, Role.MANAGER, action="match a payment to an account")
    if order not in ORDERS:
        raise OrderUnknown(order=order, known=", ".join(sorted(ORDERS)))
    with acting(actor):
        lock_payments([payment_id])
        payment = _open_payment(actor, payment_id)
        account = Account.objects.filter(creditor_id=actor.creditor_id, pk=account_id).first()
        if account is None:
            raise Absent(entity="account")
        if account.currency != payment.currency:
            raise CurrencyDiffers(paid=payment.currency, owed=account.currency)
        newest = PaymentMatch.objects.filter(creditor_id=actor.creditor_id, payment=payment).order_by("pk").last()
        if newest.account_id is not None:
            if (newest.account_id, newest.how) == (account_id, "manual"):
                return 0
            raise NotInSuspense(payment_id=payment_id, account_id=newest.account_id)
        lock_accounts(creditor_id=actor.creditor_id, account_ids={account_id})
        facts = _facts(payment, account_id)
        facts["imputed_minor"] = _book(actor, facts, booked_on or local_day(now(), creditor_of(actor).zone), order=order)
        attribute(creditor_id=actor.creditor_id, payments=[facts])
        audit_append(
            creditor_id=actor.creditor_id,
            action="payment_matched",
            subject_kind="payment",
            subject_id=payment_id,
            details={"account_id": account_id, "imputed_minor": facts["imputed_minor"], "currency": payment.currency},
        )
        return facts["imputed_minor"]


def _open_payment(actor: Actor, payment_id: int) -> Payment:
    payment = Payment.objects.filter(creditor_id=actor.creditor_id, pk=payment_id, reverses__isnull=True).first()
    if payment is None:
        raise Absent(entity="payment")
    if Payment.objects.filter(creditor_id=actor.creditor_id, reverses=payment).exists():
        raise PaymentReversed(payment_id=payment_id)
    return payment


def _facts(payment: Payment, account_id: int) -> dict[str, Any]:
    names = ("amount_minor", "currency", "paid_on", "booked_on")
    return {"id": payment.pk, "account_id": account_id} | {name: getattr(payment, name) for name in names}


def _book(actor: Actor, facts: dict[str, Any], booked_on: date, *, order: str) -> int:
    """Book from suspense to the receivables, and the rest from suspense of nobody to suspense of the account."""
    sides = imputed_sides(creditor_id=actor.creditor_id, payments=[facts], order=ORDERS[order])[facts["id"]]
    imputed_minor = -sum(side["amount_minor"] for side in sides)
    left, currency, account_id = facts["amount_minor"] - imputed_minor, facts["currency"], facts["account_id"]
    postings = [
        PostingLine("receivable", side["amount_minor"], currency, account_id=account_id, component=side["component"]) for side in sides
    ]
    postings.append(PostingLine("suspense", facts["amount_minor"], currency))
    postings += [PostingLine("suspense", -left, currency, account_id=account_id)] if left else []
    entry_id = entry_post(
        creditor_id=actor.creditor_id,
        kind=SUSPENSE_MATCH,
        source_kind="payment",
        source_id=facts["id"],
        value_on=facts["paid_on"],
        booked_on=booked_on,
        postings=postings,
    )
    line = {"payment_id": facts["id"], "account_id": account_id, "how": "manual", "entry_id": entry_id}
    matches_insert(creditor_id=actor.creditor_id, lines=[line])
    return imputed_minor
