"""Every read about money from borrowers. Call them inside `acting(...)`."""

from __future__ import annotations

from duecourse.repayment.selectors.attributions import ATTRIBUTIONS, RECOVERED, attributions_frame, recovered_frame
from duecourse.repayment.selectors.debts import Debt, DebtLine, Parts, debts_explained
from duecourse.repayment.selectors.money import access_payment, money_window, payments_frame, suspense_list
from duecourse.repayment.selectors.promises import promise_counts

__all__ = [
    "ATTRIBUTIONS",
    "RECOVERED",
    "Debt",
    "DebtLine",
    "Parts",
    "access_payment",
    "attributions_frame",
    "debts_explained",
    "money_window",
    "payments_frame",
    "promise_counts",
    "recovered_frame",
    "suspense_list",
]
