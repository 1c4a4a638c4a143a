"""A small record and its files, shared by the tests of readers and writers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from duecourse.kit.errors import Problem
from duecourse.kit.records import Chunk, Field, Mapping, RecordSpec, read

TAPE = RecordSpec(
    "tape",
    (
        Field(name="account_number", required=True, privacy="personal", en="Account number", zh="账号", length_max=20),
        Field(name="name", privacy="sensitive", en="Name", zh="姓名"),
        Field(name="balance_minor", type="amount", required=True, minimum=0, en="Balance", zh="余额"),
        Field(name="due_on", type="date", en="Due date", zh="到期日"),
        Field(name="seen_at", type="instant", en="Seen at", zh="时间"),
        Field(name="overdue_days", type="integer", unit="days", minimum=0, en="Days overdue", zh="逾期天数"),
        Field(name="status", type="code", choices=("late", "paid"), en="Status", zh="状态"),
        Field(name="is_company", type="boolean", en="Company", zh="是否企业"),
        Field(name="blood_group", privacy="surplus", en="Blood group", zh="血型"),
    ),
)
NATIVE = Mapping.native(TAPE, currency="CNY")
SENDER = Mapping(
    name="sender",
    record="tape",
    currency="CNY",
    rounding="half_even",
    dates=("YYYY/M/D",),
    columns={"借据号": "account_number", "客户姓名": "name", "本金余额": "balance_minor", "到期": "due_on", "状态": "status"},
    values={"status": {"逾期": "late", "结清": "paid"}},
    ignore=("备注*",),
)


def whole(path: Path, *, mapping: Mapping = NATIVE, spec: RecordSpec = TAPE, **options: Any) -> Chunk:
    """Return all chunks of a file as one."""
    chunks = list(read(path, spec=spec, mapping=mapping, **options))
    quarantined = {name: sum(chunk.quarantined[name] for chunk in chunks) for name in chunks[0].quarantined}
    return Chunk(
        table=pa.concat_tables([chunk.table for chunk in chunks]),
        problems=[problem for chunk in chunks for problem in chunk.problems],
        rejected=pa.concat_tables([chunk.rejected for chunk in chunks]),
        quarantined=quarantined,
        left_out_count=sum(chunk.left_out_count for chunk in chunks),
    )


def found(problems: list[Problem]) -> list[tuple[int, str, str]]:
    """Return problems as (row, column, code)."""
    return [(problem.row, problem.column, problem.code) for problem in problems]


def csv_file(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """Write a text as a file and return its path."""
    path = folder / "tape.csv"
    path.write_bytes(text.encode(encoding))
    return path
