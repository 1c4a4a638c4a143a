"""Every write about money from borrowers: files of payments, single payments, suspense, promises, and direct debits on their way."""

from __future__ import annotations

from duecourse.repayment.services.debits import direct_debit_record
from duecourse.repayment.services.load import PaymentsResult, payments_load
from duecourse.repayment.services.promises import promise_make, promises_judge
from duecourse.repayment.services.record import PAYMENTS, PaymentsRecorded, payments_record
from duecourse.repayment.services.suspense import suspense_match

__all__ = [
    "PAYMENTS",
    "PaymentsRecorded",
    "PaymentsResult",
    "direct_debit_record",
    "payments_load",
    "payments_record",
    "promise_make",
    "promises_judge",
    "suspense_match",
]
