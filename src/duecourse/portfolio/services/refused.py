"""The rows that were not taken: written as a file to mend and send again, and kept sealed with the tape.

Rows whose cells could not be read come with their original texts. Rows that were refused later (a second row of the same account, parts
that do not make the whole) are looked up in the file once more, so that what goes back is what came.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from duecourse.kit.errors import Problem
from duecourse.kit.records import Chunk, Field, Mapping, RecordSpec, RejectsWriter, WriteFailed, read, written_whole
from duecourse.kit.records.refusals import FILE_KINDS
from duecourse.kit.records.spec import ROW
from duecourse.ledger.services import file_put
from duecourse.portfolio.services.rows import REMARKS

SAMPLE_COUNT = 50


@dataclass(slots=True)
class Refused:
    """Collects what was wrong with a file.

    Attributes:
        path: the file that is read.
        mapping: how it is read.
        to_path: where the rejects are written while reading.
        count: rows refused.
        codes: how often each kind of problem was found.
        sample: the first problems of refused rows.
        remarks: the first problems of rows that were taken in all the same.
    """

    path: Path
    mapping: Mapping
    to_path: Path
    count: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    sample: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    _columns: list[str] = field(default_factory=list)
    _late: dict[int, list[Problem]] = field(default_factory=lambda: defaultdict(list))
    _writer: RejectsWriter | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self._writer = self._stack.enter_context(RejectsWriter(self.to_path))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    def add_chunk(self, chunk: Chunk) -> None:
        """Add the rows of a chunk whose cells could not be read."""
        self._columns = [name for name in chunk.rejected.column_names if name != ROW]
        self._note(chunk.problems)
        self.count += chunk.rejected.num_rows
        if self._writer is not None:
            self._writer.write(chunk)

    def add_late(self, problems: list[Problem]) -> None:
        """Add problems of rows whose cells were right; remarks do not refuse their row."""
        self._note(problems)
        for problem in problems:
            if problem.code not in REMARKS:
                self._late[problem.row].append(problem)

    def write_late(self) -> None:
        """Fetch the original texts of the rows that were refused late, and add them."""
        self.count += len(self._late)
        if not self._late:
            return
        rows = np.asarray(sorted(self._late), dtype=np.int64)
        for chunk in read(self.path, spec=self._texts_spec(), mapping=self._texts_mapping()):
            chosen = np.isin(np.asarray(chunk.table[ROW]), rows)
            if not chosen.any():
                continue
            texts = chunk.table.filter(pa.array(chosen))
            columns = [texts[f"c{i}"].fill_null("") for i in range(len(self._columns))]
            rejected = pa.table([texts[ROW], *columns], names=[ROW, *self._columns])
            problems = [problem for row in rejected[ROW].to_pylist() for problem in self._late[row]]
            if self._writer is not None:
                self._writer.write(
                    Chunk(table=chunk.table.slice(0, 0), problems=problems, rejected=rejected, quarantined={}, left_out_count=0)
                )

    def store(self, *, creditor_id: int) -> int | None:
        """Keep the rejects sealed and return the file's id, or None when there are none."""
        if not self.count:
            return None
        stored = file_put(
            creditor_id=creditor_id, kind="rejects", name=self.to_path.name, media_type="text/csv", content=self.to_path,
            is_personal=True, row_count=self.count,
        )  # fmt: skip
        return stored.id

    def hand_out(self, path: Path | None) -> Path | None:
        """Copy the rejects to where the caller wants them, whole or not at all.

        Raises:
            WriteFailed: it is not possible.
        """
        if path is None or not self.count:
            return None
        try:
            with written_whole(path) as sink, self.to_path.open("rb") as source:
                shutil.copyfileobj(source, sink)
        except FileNotFoundError as error:
            raise WriteFailed(file=path.name, reason="the folder does not exist") from error
        return path

    def sample_records(self) -> list[dict[str, Any]]:
        """Return the first problems as they are stored with the tape."""
        names = ("row", "column", "code", "what", "todo", "parameters")
        return [{name: getattr(problem, name) for name in names} for problem in (*self.sample, *self.remarks)[:SAMPLE_COUNT]]

    def _note(self, problems: list[Problem]) -> None:
        for problem in problems:
            self.codes[problem.code] += 1
            kept = self.remarks if problem.code in REMARKS | FILE_KINDS else self.sample
            if len(kept) < SAMPLE_COUNT:
                kept.append(problem)

    def _texts_spec(self) -> RecordSpec:
        return RecordSpec("texts", tuple(Field(name=f"c{i}", length_max=1 << 20) for i in range(len(self._columns))))

    def _texts_mapping(self) -> Mapping:
        forms = self.mapping
        return Mapping(
            name="texts", record="texts", encodings=forms.encodings, delimiter=forms.delimiter, header_rows=forms.header_rows,
            sheet=forms.sheet, nulls=(), columns={name: f"c{i}" for i, name in enumerate(self._columns)}, ignore=("*",),
        )  # fmt: skip
