"""What would become of a file's first rows under a mapping, without taking anything in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from duecourse.kit.clock import now
from duecourse.kit.errors import Problem
from duecourse.kit.records import Mapping, read
from duecourse.kit.records.spec import ROW
from duecourse.portfolio.services.rows import REMARKS, judge
from duecourse.portfolio.services.specs import OVERDUE_TAPE

TRIAL_ROWS = 200
PROBLEMS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of the first rows.

    Attributes:
        row_count: rows looked at, those that are passed over included.
        rejected_count: of these, how many would be sent back.
        balance_minor: currency → balance of the rows that would be taken.
        problems: the first problems of rows, of each kind and column one.
        counts: (code, column) → rows.
        quarantined: columns that would not be read, with the cells they have in what was looked at.
    """

    row_count: int
    rejected_count: int
    balance_minor: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)


def tape_trial(path: Path, *, mapping: Mapping, as_of: date, zone: str = "", rows: int = TRIAL_ROWS) -> Trial:
    """Read a file's first rows by a mapping and judge them as the intake would, but for what only other rows and the records can tell.

    Args:
        path: the file.
        mapping: how its columns are read.
        as_of: the day whose state it shows.
        zone: of instants without an offset, where the mapping names none.
        rows: how many rows to look at.

    Raises:
        FileRefused: nothing of the file can be taken.
        MappingInvalid: the mapping does not fit.
    """
    chunks = read(path, spec=OVERDUE_TAPE, mapping=mapping if mapping.zone else replace(mapping, zone=zone), parameters={"as_of": as_of})
    try:
        chunk = next(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()
    table = chunk.table.slice(0, rows)
    table = table.filter([number <= rows for number in table[ROW].to_pylist()])
    judged = judge(table, now_at=now())
    problems = [problem for problem in (*chunk.problems, *judged.problems) if 0 < problem.row <= rows and problem.code not in REMARKS]
    rejected = {problem.row for problem in problems}
    counts = Counter((problem.code, problem.column) for problem in problems)
    first = {(problem.code, problem.column): problem for problem in sorted(problems, key=lambda problem: problem.row, reverse=True)}
    shown = sorted(first.values(), key=lambda problem: -counts[problem.code, problem.column])[:PROBLEMS_SHOWN]
    looked_at = table.num_rows + sum(1 for number in chunk.rejected[ROW].to_pylist() if number <= rows)
    sums: Counter[str] = Counter()
    for code, amount in zip(judged.table["currency"].to_pylist(), judged.table["balance_minor"].to_pylist(), strict=True):
        sums[code] += amount
    return Trial(looked_at, len(rejected), dict(sums), shown, dict(counts), dict(chunk.quarantined))
