"""Facts counted over a history of contacts: one kernel, made from the vocabulary's declarations, run bucket by bucket.

Every declared `Fact.count` becomes one column of the kernel (`kernels`). An event counts for another of the same person only if it comes strictly
earlier: by its instant, and among equal instants by its id. Because no count ever looks beyond one person, buckets by hash of the
person are independent, and whoever runs them (this process, a pool, a cluster) gets the same table. See docs/algorithms/audit.md.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duecourse.rules.buckets import bucket_count, load_bucket, spread, without_crowds, without_repeats
from duecourse.rules.errors import EventsMismatch, LogTooLarge
from duecourse.rules.events import (
    CODED,
    IDS,
    PAPERS,
    REACHED,
    WORDS_MAX,
    Batch,
    Form,
    Progress,
    Reached,
    Reader,
    Spellings,
    count_reasons,
    form_of,
)
from duecourse.rules.form import CHANNELS, Pack, Rule
from duecourse.rules.kernels import Kernel, counts_of, kernel_of
from duecourse.rules.log_files import Log, LogFiles, log_files
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.vocabulary import Fact, Source, Vocabulary
from duecourse.rules.zones import is_usable

_NARROW_BYTES, _TEXT_BYTES = 64, 40
"""About what a row of a bucket takes on disk, and more for each of its texts."""


class Executor(Protocol):
    """Runs a kernel over buckets. A cluster is another of these: it only schedules."""

    def run(self, kernel: Kernel, buckets: Sequence[Path | pa.Table]) -> Iterator[pa.Table]:
        """Yield the kernel's table of each bucket, in the order of the buckets."""


@dataclass(frozen=True, slots=True)
class InProcess:
    """One bucket after the other in this process, each on all cores.

    Attributes:
        threads: of DuckDB; 0 takes as many as there are cores.
    """

    threads: int = 0

    def run(self, kernel: Kernel, buckets: Sequence[Path | pa.Table]) -> Iterator[pa.Table]:
        """Yield the kernel's table of each bucket."""
        for bucket in buckets:
            yield run_kernel(kernel, bucket, threads=self.threads)


@dataclass(frozen=True, slots=True)
class ProcessPool:
    """Several buckets at once, each in a process of its own on one core; at most one bucket more than workers is ahead.

    Attributes:
        workers: how many processes.
    """

    workers: int = 2

    def run(self, kernel: Kernel, buckets: Sequence[Path | pa.Table]) -> Iterator[pa.Table]:
        """Yield the kernel's table of each bucket."""
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            ahead: list[Future[pa.Table]] = []
            for bucket in buckets:
                ahead.append(pool.submit(run_kernel, kernel, bucket, threads=1))
                if len(ahead) > self.workers:
                    yield ahead.pop(0).result()
            for future in ahead:
                yield future.result()


def run_kernel(kernel: Kernel, bucket: Path | pa.Table, *, threads: int = 0) -> pa.Table:
    """Return the counted facts of one bucket, int32[n] each, in the order of its tidied rows."""
    return counts_of(kernel, tidied(load_bucket(bucket))[0], threads=threads)


def tidied(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return a bucket's events in order of instant and id, and those rejected: persons who are many, and ids that the person had before."""
    table, crowds = without_crowds(table)
    table, repeats = without_repeats(table)
    repeats = pa.concat_tables([crowds, repeats]) if crowds.num_rows else repeats
    micros, ids = table["at"].cast(pa.int64()).to_numpy(), table["event_id"]
    if pa.types.is_integer(ids.type):
        numbers = ids.to_numpy()
        is_after = (micros[1:] > micros[:-1]) | ((micros[1:] == micros[:-1]) & (numbers[1:] > numbers[:-1]))
        return (table if is_after.all() else table.take(pa.array(np.lexsort((numbers, micros))))), repeats
    if (micros[1:] > micros[:-1]).all():
        return table, repeats
    return table.take(pc.sort_indices(table, sort_keys=[("at", "ascending"), ("event_id", "ascending")])), repeats


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A rule that cannot be judged because the log lacks what it reads.

    Attributes:
        rule: the rule.
        lacking: names of stated facts or of columns that are not there.
    """

    rule: Rule
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Which rules a log can be judged by, and from which columns.

    Attributes:
        packs: the packs with the rules that can be judged alone.
        rules: those rules.
        counted: the facts to count.
        given: stated and recorded facts that a rule reads and the log has.
        assumed: recorded facts that a rule reads and the log lacks: taken with their value when unknown.
        unjudged: rules left out.
    """

    packs: tuple[Pack, ...]
    rules: tuple[Rule, ...]
    counted: tuple[Fact, ...]
    given: tuple[Fact, ...]
    assumed: tuple[Fact, ...]
    unjudged: tuple[Unjudged, ...]


def reading_of(packs: Sequence[Pack], *, columns: Sequence[str]) -> Reading:
    """Return which enabled rules about contacts a log with these columns can be judged by.

    A rule that reads a fact which whoever asks must state, and which the log does not have, is not judged: its value when unknown would
    find fault with everybody. A rule that reads a recorded fact which is not there is judged with the value when unknown.
    """
    vocabulary = vocabulary_of(tuple(packs))
    judged: list[Rule] = []
    unjudged: list[Unjudged] = []
    for rule in (rule for pack in packs for rule in pack.rules if rule.is_enabled and rule.channels):
        lacking = dict.fromkeys(_lacks(vocabulary.facts[name], columns=columns) for name in rule.facts_used)
        lacking.pop("", None)
        if lacking:
            unjudged.append(Unjudged(rule, tuple(lacking)))
        else:
            judged.append(rule)
    used = [vocabulary.facts[name] for name in sorted({name for rule in judged for name in rule.facts_used})]
    kept = tuple(replace(pack, rules=tuple(rule for rule in pack.rules if rule in judged)) for pack in packs)
    return Reading(
        packs=kept,
        rules=tuple(judged),
        counted=tuple(fact for fact in used if fact.source is Source.counted),
        given=tuple(fact for fact in used if fact.name in columns),
        assumed=tuple(fact for fact in used if fact.source is Source.record and fact.name not in columns),
        unjudged=tuple(unjudged),
    )


def _lacks(fact: Fact, *, columns: Sequence[str]) -> str:
    if fact.source is Source.stated and fact.name not in columns:
        return fact.name
    is_by_point = fact.count is not None and fact.count.key == "contact_point"
    return "contact_point_id" if is_by_point and "contact_point_id" not in columns else ""


@dataclass(frozen=True, slots=True)
class Part:
    """One bucket of a history with its facts.

    Attributes:
        number: of the bucket, from 0.
        events: the narrow columns, n rows in order of instant and id.
        frame: the n contacts as `decide_many` takes them, with a column for each fact that is known.
        unstated: per stated or recorded fact that some row lacks, bool[n] of where.
    """

    number: int
    events: pa.Table
    frame: pa.Table
    unstated: Mapping[str, NDArray[np.bool_]]


@dataclass(slots=True)
class History:
    """A log in buckets, ready to be counted; see `opened`.

    Attributes:
        form: the log's columns.
        spellings: of the coded columns.
        buckets: files, or one table.
        files: the log's.
        kept_count: rows that can be judged; repeats are found, and taken off, as the parts come.
        reasons: how many of the others were rejected for what.
        reject: takes the rejected rows; of a log of several files with the column `file`.
        outcomes: words of the outcome that nobody declared, with their counts; such events are held.
    """

    form: Form
    spellings: Spellings
    buckets: list[Path | pa.Table]
    files: LogFiles
    kept_count: int
    reject: Callable[[pa.Table], None]
    reasons: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def event_count(self) -> int:
        """How many rows the log has."""
        return self.files.row_count

    def parts(self, reading: Reading, *, executor: Executor | None = None) -> Iterator[Part]:
        """Yield the buckets with the facts that a reading asks for."""
        kernel = kernel_of(reading.counted, channels=self.spellings.of("channel"), columns=self.form.columns)
        chosen = executor or InProcess()
        counted = iter([]) if isinstance(chosen, InProcess) or not reading.counted else chosen.run(kernel, self.buckets)
        for number, bucket in enumerate(self.buckets):
            events, repeats = tidied(load_bucket(bucket))
            counts = next(counted, None)
            if reading.counted and isinstance(chosen, InProcess):
                counts = counts_of(kernel, events, threads=chosen.threads)
            frame, unstated = _frame(events, counts, reading=reading, spellings=self.spellings)
            self.put_aside(repeats)
            self.kept_count -= repeats.num_rows
            yield Part(number, events, frame, unstated)

    def put_aside(self, rejected: pa.Table) -> None:
        """Hand rejected rows on and count their reasons."""
        if rejected.num_rows:
            count_reasons(rejected, into=self.reasons)
            self.reject(self.files.placed(rejected))


@contextmanager
def opened(
    log: Log,
    *,
    vocabulary: Vocabulary,
    known_until: date | datetime,
    has_papers: bool = False,
    zone_default: str = "",
    reached: Reached = REACHED,
    scratch: Path | None = None,
    bucket_rows: int = 0,
    reject: Callable[[pa.Table], None] | None = None,
    progress: Progress | None = None,
) -> Iterator[History]:
    """Read a log once and give its buckets; files of buckets are removed at the end.

    Args:
        log: a Parquet file, several, a folder of them, or a table.
        vocabulary: of the packs.
        known_until: the last local day, or the last instant, of which the log can know; later events are rejected.
        has_papers: whether the log's `paper_key` tells which papers bound each contact.
        zone_default: the zone of rows that name none; '' leaves them without.
        reached: whether an event connected.
        scratch: a folder for buckets of a large log; the system's when None. It needs about the size of the log.
        bucket_rows: events a bucket, 0 for the usual.
        reject: takes rows that cannot be judged, as `events.REJECTED`.
        progress: called with rows done, all rows and ''.

    Raises:
        EventsMismatch, NaiveInstant: none of the log's rows can be judged.
        LogTooLarge: it would unpack to more than the bounds, or needs more room than there is.
    """
    if zone_default and not is_usable(zone_default):
        raise EventsMismatch(text=f"the zone {zone_default!r} that its rows shall have does not exist")
    files = log_files(log)
    form, spellings = form_of(files.schema, vocabulary=vocabulary, has_papers=has_papers), Spellings()
    files.refuse_bombs(form.columns)
    for channel in CHANNELS:
        spellings.code_of("channel", channel)
    history = History(form, spellings, [], files, 0, reject or _forget)
    reader = Reader(form, spellings, known_until, zone_default, reached)
    number = bucket_count(files.row_count, **({"bucket_rows": bucket_rows} if bucket_rows else {}))
    with tempfile.TemporaryDirectory(prefix="duecourse-events-", dir=scratch) as folder:
        kept = _kept(history, reader, progress=progress)
        if number > 1:
            _refuse_without_room(files, form, folder=folder)
            history.buckets.extend(spread(kept, into=Path(folder), count=number))
        elif tables := list(kept):
            history.buckets.append(pa.concat_tables(tables))
        yield history


def _forget(rejected: pa.Table) -> None:
    """Keep nothing."""


def _refuse_without_room(files: LogFiles, form: Form, *, folder: str) -> None:
    """Refuse a log whose buckets would not lie on the disk, before a row is read."""
    texts = sum(pa.types.is_integer(files.schema.field(name).type) is False for name in IDS if name in form.columns)
    needed = files.row_count * (_NARROW_BYTES + _TEXT_BYTES * texts + 8 * len(form.facts))
    free = shutil.disk_usage(folder).free
    if needed > free:
        text = f"its buckets need about {needed >> 30:,} GiB in the folder for temporary files, which has {free >> 30:,} GiB; TMPDIR names another"
        raise LogTooLarge(text=text)


def _kept(history: History, reader: Reader, *, progress: Progress | None) -> Iterator[pa.Table]:
    done = 0
    for rows in history.files.batches(reader.form.columns, coded=(*CODED, "outcome")):
        batch: Batch = reader.read(rows, first_row=done + 1)
        done += rows.num_rows
        history.kept_count += batch.kept.num_rows
        history.put_aside(batch.rejected)
        for said, count in batch.outcomes.items():
            word = said if said in history.outcomes or len(history.outcomes) < WORDS_MAX else "…"
            history.outcomes[word] = history.outcomes.get(word, 0) + count
        if progress is not None:
            progress(done, history.event_count, "")
        yield batch.kept


def _frame(
    events: pa.Table, counts: pa.Table | None, *, reading: Reading, spellings: Spellings
) -> tuple[pa.Table, dict[str, NDArray[np.bool_]]]:
    """Return the frame of a bucket, and where facts are missing in it."""
    rows = events.num_rows

    def coded(name: str) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(events[name].combine_chunks(), pa.array(spellings.of(name), pa.string()))

    columns: dict[str, Any] = {name: coded(name) for name in CODED if name != "performer"}
    columns |= {
        "person_key": pa.array(np.zeros(rows, dtype=np.int64)),
        "at": events["at"],
        "agreement_key": events[PAPERS] if PAPERS in events.schema.names else pa.nulls(rows, pa.int64()),
    }
    unstated: dict[str, NDArray[np.bool_]] = {}
    for fact in reading.given:
        column = events[fact.name]
        if column.null_count:
            unstated[fact.name] = column.is_null().to_numpy()
            column = pc.fill_null(column, fact.when_unknown)
        columns[fact.name] = column
    if counts is not None:
        columns |= {fact.name: counts[fact.name] for fact in reading.counted}
    return pa.table(columns), unstated
