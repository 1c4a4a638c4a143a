"""What can go wrong with money from borrowers."""

from __future__ import annotations

from duecourse.kit.errors import Conflict, InvalidInput


class NotInSuspense(Conflict):
    """A payment that belongs to an account already is not matched again."""

    what = "Payment {payment_id} belongs to account {account_id} already."
    why = "A payment belongs to one account, so that recovery and commission trace to it."
    todo = "Have the bank reverse the payment if it went to the wrong account."


class PaymentReversed(Conflict):
    """What the bank took back is matched to nothing."""

    what = "Payment {payment_id} was reversed."
    why = "Its money is not there any more."
    todo = "Wait for the payment that replaces it."


class CurrencyDiffers(InvalidInput):
    """Money of one currency does not meet a debt in another."""

    what = "The payment is in {paid}, the account in {owed}."
    why = "There is no exchange rate here."
    todo = "Choose an account in {paid}."


class OrderUnknown(InvalidInput):
    """There is no order of imputation of that name."""

    what = "There is no order of imputation {order!r}."
    why = "These exist: {known}."
    todo = "Choose one of them."
    read = "docs/algorithms/imputation.md"


class PromiseRefused(InvalidInput):
    """A promise must be of money, on a day that has not passed when it is made."""

    what = "The promise cannot be kept on record: {reason}."
    todo = "Correct the amount or the day."


class PromiseConflict(Conflict):
    """The same source stands for another promise."""

    what = "{source_kind} {source_id} stands for another promise already."
    why = "One conversation makes one promise; a changed promise comes from another conversation."
    todo = "Name the conversation in which the promise was changed."


class DebitRefused(InvalidInput):
    """A direct debit needs a number, an amount above zero, and a day after it was sent by which it settles."""

    what = "The direct debit cannot be kept on record."
    why = "It needs a number of its own, an amount above zero, and settles after it is sent."
    todo = "Correct it."


class DebitConflict(Conflict):
    """The number stands for another direct debit."""

    what = "The direct debit {external_ref} is on record already, with another content."
    why = "One number is one debit."
    todo = "Give it a number of its own."
