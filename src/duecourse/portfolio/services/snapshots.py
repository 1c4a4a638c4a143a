"""Writing what the ageing and the scoring step computed. Both tables are append-only."""

from __future__ import annotations

import pyarrow as pa
from django.db import connection

from duecourse.engine.ageing import AGED
from duecourse.engine.frames import conform
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, acting
from duecourse.portfolio.errors import AsOfUnlike
from duecourse.portfolio.services.staging import copy_columns

SCORED = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("segment_key", pa.string(), nullable=False),
        pa.field("expected_recovered_minor", pa.int64(), nullable=False),
    ]
)
"""One row per case: its segment, and what is expected to come back within one placement term, in minor units."""

_SNAPSHOT_TYPES = {
    "account_id": "bigint", "case_id": "bigint", "as_of": "date", "days_past_due": "integer", "paused_days_count": "integer",
    "bucket": "text", "bucket_number": "smallint", "principal_minor": "bigint", "interest_minor": "bigint", "fee_minor": "bigint",
    "penalty_minor": "bigint", "balance_minor": "bigint", "currency": "text",
}  # fmt: skip
_SCORE_TYPES = {"case_id": "bigint", "segment_key": "text", "expected_recovered_minor": "bigint"}

_CASES = """
INSERT INTO portfolio_casesnapshot (creditor_id, step_run_id, case_id, as_of, product_class, lender_class, region, currency, days_past_due,
    bucket, bucket_number, balance_minor, account_count)
WITH aged AS (
    SELECT w.case_id, w.account_id, w.as_of, w.currency, a.product_class, a.lender_class, w.days_past_due, w.bucket, w.bucket_number,
        w.balance_minor, sum(w.balance_minor) OVER product AS product_minor, sum(w.balance_minor) OVER currency AS currency_minor
    FROM pg_temp.written_snapshot w JOIN portfolio_account a ON a.creditor_id = %(creditor)s AND a.id = w.account_id
    WINDOW product AS (PARTITION BY w.case_id, w.currency, a.product_class), currency AS (PARTITION BY w.case_id, w.currency)
), main AS (
    SELECT DISTINCT ON (case_id) case_id, currency, product_class, lender_class, as_of FROM aged
    ORDER BY case_id, currency_minor DESC, currency, product_minor DESC, product_class, balance_minor DESC, account_id
), oldest AS (
    SELECT DISTINCT ON (case_id) case_id, days_past_due, bucket, bucket_number FROM aged
    ORDER BY case_id, days_past_due DESC, account_id
), sums AS (
    SELECT a.case_id, sum(a.balance_minor)::bigint AS balance_minor, count(*) AS account_count
    FROM aged a JOIN main m ON m.case_id = a.case_id AND m.currency = a.currency GROUP BY a.case_id
)
SELECT %(creditor)s, %(step_run)s, m.case_id, m.as_of, m.product_class, m.lender_class, c.region, m.currency, o.days_past_due, o.bucket,
    o.bucket_number, s.balance_minor, s.account_count
FROM main m JOIN oldest o ON o.case_id = m.case_id JOIN sums s ON s.case_id = m.case_id
JOIN portfolio_case c ON c.creditor_id = %(creditor)s AND c.id = m.case_id ORDER BY m.case_id
"""
_SUMS = """
INSERT INTO portfolio_snapshotsum (creditor_id, step_run_id, as_of, product_class, region, currency, bucket, bucket_number, case_count,
    balance_minor)
SELECT creditor_id, step_run_id, as_of, product_class, region, currency, bucket, bucket_number, count(*), sum(balance_minor)
FROM portfolio_casesnapshot WHERE creditor_id = %(creditor)s AND step_run_id = %(step_run)s
GROUP BY creditor_id, step_run_id, as_of, product_class, region, currency, bucket, bucket_number ORDER BY product_class, region, bucket_number
"""


def snapshots_write(*, actor: Actor, step_run_id: int, frame: pa.Table) -> int:
    """Store the ages of an execution of the ageing step by account, by case and summed; return how many accounts. An execution is written once.

    Args:
        actor: who runs the step.
        step_run_id: the execution.
        frame: AGED of `engine.ageing`; every row has a case.

    Raises:
        FrameMismatch: the frame has another form.
        AsOfUnlike: the execution was written already.
    """
    aged = conform(frame, AGED, name="AGED")
    with acting(actor):
        _refuse_second(actor, "portfolio_snapshot", step_run_id)
        copy_columns("written_snapshot", _SNAPSHOT_TYPES, aged.select(list(_SNAPSHOT_TYPES)))
        names = ", ".join(_SNAPSHOT_TYPES)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO portfolio_snapshot (creditor_id, step_run_id, known_at, {names})"  # noqa: S608 - names of columns
                f" SELECT %s, %s, %s, {names} FROM pg_temp.written_snapshot ORDER BY account_id",
                [actor.creditor_id, step_run_id, now()],
            )
            account_count = cursor.rowcount
            cursor.execute("ANALYZE pg_temp.written_snapshot")
            for statement in (_CASES, _SUMS):
                cursor.execute(statement, {"creditor": actor.creditor_id, "step_run": step_run_id})
            return account_count


def scores_write(*, actor: Actor, step_run_id: int, model_version: str, frame: pa.Table) -> int:
    """Store the scores of an execution of the scoring step and return how many; an execution is written once per model.

    Args:
        actor: who runs the step.
        step_run_id: the execution.
        model_version: the model.
        frame: `SCORED`; other columns are ignored.

    Raises:
        FrameMismatch: the frame has another form.
        AsOfUnlike: the execution was written already.
    """
    scored = conform(frame, SCORED, name="SCORED")
    with acting(actor):
        _refuse_second(actor, "portfolio_score", step_run_id, model_version=model_version)
        copy_columns("written_score", _SCORE_TYPES, scored)
        names = ", ".join(_SCORE_TYPES)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO portfolio_score (creditor_id, step_run_id, model_version, {names})"  # noqa: S608 - names of columns
                f" SELECT %s, %s, %s, {names} FROM pg_temp.written_score ORDER BY case_id",
                [actor.creditor_id, step_run_id, model_version],
            )
            return cursor.rowcount


def _refuse_second(actor: Actor, table: str, step_run_id: int, **more: str) -> None:
    conditions = "".join(f" AND {name} = %s" for name in more)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {table} WHERE creditor_id = %s AND step_run_id = %s{conditions} LIMIT 1",  # noqa: S608 - names of the room
            [actor.creditor_id, step_run_id, *more.values()],
        )
        if cursor.fetchone():
            raise AsOfUnlike(subject=table.removeprefix("portfolio_"), reason=f"execution {step_run_id} was written already")
