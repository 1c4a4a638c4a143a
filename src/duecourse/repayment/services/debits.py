"""Direct debits on their way: while one is, nobody has to ask for the same money."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction

from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.portfolio.models import Account
from duecourse.repayment.errors import DebitConflict, DebitRefused
from duecourse.repayment.models import DirectDebit


def direct_debit_record(
    *, actor: Actor, account_id: int, external_ref: str, amount_minor: int, sent_on: date, settles_on: date
) -> DirectDebit:
    """Record that a direct debit was sent to the bank; the same one again changes nothing.

    Args:
        actor: an accountant or manager of the creditor, or the system.
        account_id: whose money it is to meet; the amount is in its currency.
        external_ref: the creditor's own number of the debit.
        amount_minor: above zero.
        sent_on: the day it was sent.
        settles_on: the day by which the bank has answered; from then on it is not on its way any more.

    Raises:
        Absent: there is no such account.
        DebitRefused: nothing is asked for, or it settles before it is sent.
        DebitConflict: the number stands for another debit.
    """
    require(actor, Role.ACCOUNTANT, Role.MANAGER, action="record a direct debit")
    if amount_minor <= 0 or settles_on <= sent_on or not external_ref.strip():
        raise DebitRefused
    with acting(actor):
        account = Account.objects.filter(creditor_id=actor.creditor_id, pk=account_id).first()
        if account is None:
            raise Absent(entity="account")
        key = {"creditor_id": actor.creditor_id, "external_ref": external_ref.strip()}
        content = {"account_id": account.pk, "amount_minor": amount_minor, "currency": account.currency}
        content |= {"sent_on": sent_on, "settles_on": settles_on}
        try:
            with transaction.atomic():
                debit = DirectDebit.objects.create(**key, **content, known_at=now())
        except IntegrityError:
            debit = DirectDebit.objects.get(**key)
            if any(getattr(debit, name) != value for name, value in content.items()):
                raise DebitConflict(external_ref=external_ref) from None
            return debit
        details = {"account_id": account.pk, "amount_minor": amount_minor, "sent_on": sent_on, "settles_on": settles_on}
        audit_append(
            creditor_id=actor.creditor_id, action="direct_debit_sent", subject_kind="direct_debit", subject_id=debit.pk, details=details
        )
        return debit
