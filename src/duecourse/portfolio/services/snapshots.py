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


def snapshots_write(*, actor: Actor, step_run_id: int, frame: pa.Table) -> int:
    """Store the ages of an execution of the ageing step and return how many; an execution is written once.

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
            return cursor.rowcount


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
