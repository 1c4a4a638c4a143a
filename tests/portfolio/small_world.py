"""A portfolio small enough to count on one's fingers: each case one account, aged by a list of days past due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from duecourse.engine.ageing import AGED, STANDARD_BUCKETS
from duecourse.engine.frames import from_rows
from duecourse.parties.access import acting
from duecourse.portfolio.services import snapshots_write
from tests.factories import Bank


def aged(
    bank: Bank, days: Mapping[int, int], *, as_of: date, step_run_id: int, balance_minor: int = 100_000, currency: str = "CNY"
) -> pa.Table:
    """Write the ages of accounts as an execution of the ageing step: account → days past due; the account's case is open."""
    from duecourse.portfolio.models import CaseAccount

    with acting(bank.system):
        cases = {row.account_id: row.case for row in CaseAccount.objects.filter(account_id__in=list(days)).select_related("case")}
    rows = []
    for account_id, past in days.items():
        number, bucket = STANDARD_BUCKETS.number(past), STANDARD_BUCKETS.label(past)
        known = {
            "account_id": account_id, "case_id": cases[account_id].pk, "person_id": cases[account_id].person_id,
            "product_class": "consumer_loan", "currency": currency, "balance_minor": balance_minor, "principal_minor": balance_minor,
            "as_of": as_of, "days_past_due": past, "bucket_number": number, "bucket": bucket, "counted_by": "core",
        }  # fmt: skip
        rows.append({field.name: known.get(field.name, 0 if pa.types.is_integer(field.type) else None) for field in AGED})
    frame = from_rows(rows, AGED)
    snapshots_write(actor=bank.system, step_run_id=step_run_id, frame=frame)
    return frame
