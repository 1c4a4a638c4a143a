"""The events of a history: what a log of contacts holds, which of its rows can be judged, and their buckets.

A log is a Parquet file or an Arrow table, one row per contact. It is read once, batch by batch; rows that cannot be judged go to the
rejects with their reasons, the others become narrow columns of numbers in buckets by hash of the person, so that memory does not grow
with the log and no count ever needs two buckets. See docs/algorithms/audit.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from duecourse.rules.errors import EventsMismatch, NaiveInstant
from duecourse.rules.facts import EPOCH_DAY, MINUTES_PER_DAY, YEAR_FIRST, YEAR_LAST, local_minutes, zones_of
from duecourse.rules.form import CHANNELS, PERFORMER_KINDS, Bilingual
from duecourse.rules.vocabulary import Source, Vocabulary

REQUIRED = ("event_id", "at", "person_id", "channel", "performer", "performer_kind", "zone", "outcome")
OPTIONAL = ("contact_point_id", "debt_id", "talk_seconds", "lender_class", "product_class")
IDS = ("event_id", "person_id", "contact_point_id", "debt_id")
CODED = ("channel", "performer", "performer_kind", "zone", "lender_class", "product_class")
BATCH_ROWS = 1 << 19
BUCKET_ROWS = 1_500_000
BUCKETS_MAX = 512
_DAY_US = 86_400_000_000
_FIRST_US, _LAST_US = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in (YEAR_FIRST, YEAR_LAST + 1))

REASONS: Mapping[str, Bilingual] = MappingProxyType(
    {
        "event_id_missing": Bilingual("没有事件编号", "no event id"),
        "event_repeated": Bilingual("同一当事人的事件编号重复", "the person has another event of this id before"),
        "person_missing": Bilingual("没有债务人编号", "no person"),
        "instant_without_zone": Bilingual("时间没有时区偏移，或无法读取", "the instant has no offset, or cannot be read"),
        "in_the_future": Bilingual("事件晚于审计截止时点", "later than the day the history is known until"),
        "channel_unknown": Bilingual("未知的联系渠道", f"the channel is none of {', '.join(CHANNELS)}"),
        "performer_kind_unknown": Bilingual("未知的作业主体类型", f"the performer's kind is none of {', '.join(PERFORMER_KINDS)}"),
        "fact_below_zero": Bilingual("事实值为负数", "a fact is below zero"),
    }
)
"""Why a row is not judged, by code."""

NOT_CONNECTED, CONNECTED, UNKNOWN, NOT_MADE = range(4)
"""The codes of `reach`: what came of an event."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The predicate that says whether an event connected.

    Words are compared in lower case. A word that stands in none of the sets says as little as a missing one: the event is then held,
    which counts like connected wherever a rule counts what is held.

    Attributes:
        connected: outcomes that reached somebody.
        not_connected: outcomes that reached nobody.
        not_made: outcomes of a contact that was never tried; it counts in no count.
        talk_seconds_max: a talk longer than this connected, whatever the outcome says.
    """

    connected: frozenset[str] = frozenset({"connected", "promise", "refused_to_pay", "disputed", "wrong_party", "true", "yes", "1"})
    not_connected: frozenset[str] = frozenset({"not_connected", "no_answer", "busy", "unreachable", "false", "no", "0"})
    not_made: frozenset[str] = frozenset({"not_made"})
    talk_seconds_max: int = 0

    def code(self, outcome: str | None, talk_seconds: int = 0) -> int:
        """Return the code of one event."""
        if talk_seconds > self.talk_seconds_max:
            return CONNECTED
        word = (outcome or "").strip().lower()
        for words, code in ((self.connected, CONNECTED), (self.not_connected, NOT_CONNECTED), (self.not_made, NOT_MADE)):
            if word in words:
                return code
        return UNKNOWN


REACHED = Reached()


@dataclass(slots=True)
class Spellings:
    """The texts of the coded columns over all batches: a code stands for the same text in every bucket."""

    codes: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in CODED})

    def of(self, name: str) -> list[str]:
        """Return the texts of a column by code."""
        return list(self.codes[name])

    def code_of(self, name: str, text: str) -> int:
        """Return the code of a text, a new one if it was not there."""
        return self.codes[name].setdefault(text, len(self.codes[name]))


@dataclass(frozen=True, slots=True)
class Form:
    """Which columns of a log are used, and how.

    Attributes:
        columns: all names that are read.
        facts: the stated and recorded facts among them.
        has_texts: instants come as texts, which are read row by row.
    """

    columns: tuple[str, ...]
    facts: tuple[str, ...]
    has_texts: bool


@dataclass(slots=True)
class Batch:
    """Some rows of a log: those that can be judged, and the others.

    Attributes:
        kept: the narrow columns: row_number, ids, at (UTC), coded columns as int32 codes, local_day (proleptic ordinal), reach, facts.
        rejected: row_number, event_id as text, reasons (codes joined by `; `).
        outcomes: words that no set of the predicate knows, with their counts.
    """

    kept: pa.Table
    rejected: pa.Table
    outcomes: Mapping[str, int]


REJECTED = pa.schema([pa.field("row_number", pa.int64()), pa.field("event_id", pa.string()), pa.field("reasons", pa.string())])


def form_of(schema: pa.Schema, *, vocabulary: Vocabulary) -> Form:
    """Return how a log with this schema is read; columns that nobody declared are left alone.

    Raises:
        EventsMismatch: a required column is missing, one has a type that cannot be used, or one names a fact that is counted or derived.
        NaiveInstant: `at` is a timestamp without a zone, so no row can be judged.
    """
    names, reasons = set(schema.names), [f"no column {name}" for name in REQUIRED if name not in schema.names]
    if len(names) < len(schema.names):
        raise EventsMismatch(text="a name stands on two columns")
    facts = [name for name in schema.names if name in vocabulary.facts]
    for name in facts:
        if vocabulary.facts[name].source not in (Source.stated, Source.record):
            reasons.append(f"{name} is {vocabulary.facts[name].source.value}: it follows from the events and cannot be given")
        elif not _is_whole(schema.field(name).type):
            reasons.append(f"{name} is not of whole numbers")
    used = [name for name in (*IDS, *CODED, "outcome", "talk_seconds") if name in names]
    reasons += [f"{name} is of the type {schema.field(name).type}" for name in used if not _fits(name, schema.field(name).type)]
    kind = schema.field("at").type if "at" in names else pa.string()
    if not (pa.types.is_timestamp(kind) or _is_text(kind)):
        reasons.append(f"at is of the type {kind}")
    if reasons:
        raise EventsMismatch(text="; ".join(reasons))
    if pa.types.is_timestamp(kind) and kind.tz is None:
        raise NaiveInstant(at="at")
    columns = tuple(name for name in (*REQUIRED, *OPTIONAL, *facts) if name in names)
    return Form(columns, tuple(facts), _is_text(kind))


def batches_of(log: Path | pa.Table, *, form: Form) -> Iterator[pa.RecordBatch]:
    """Yield the log in batches of at most `BATCH_ROWS`, coded columns as dictionaries where the file has them so.

    Raises:
        EventsMismatch: the file breaks off.
    """
    if isinstance(log, pa.Table):
        yield from log.select(form.columns).to_batches(max_chunksize=BATCH_ROWS)
        return
    coded = [name for name in (*CODED, "outcome") if name in form.columns]
    try:
        with pq.ParquetFile(log, read_dictionary=coded) as file:
            yield from file.iter_batches(batch_size=BATCH_ROWS, columns=list(form.columns))
    except (pa.ArrowInvalid, OSError) as error:
        raise EventsMismatch(text=f"{log.name} breaks off or is damaged ({type(error).__name__})") from error


def schema_of(log: Path | pa.Table) -> tuple[pa.Schema, int]:
    """Return the schema of a log and its number of rows.

    Raises:
        EventsMismatch: the file is no Parquet.
    """
    if isinstance(log, pa.Table):
        return log.schema, log.num_rows
    try:
        with pq.ParquetFile(log) as file:
            return file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise EventsMismatch(text=f"{log.name} cannot be read as Parquet ({type(error).__name__})") from error


@dataclass(frozen=True, slots=True)
class Reader:
    """What a batch is read with.

    Attributes:
        form: the log's columns.
        spellings: grown as texts come.
        known_until: the last day (of each event's own local time) or the last instant of which the log can know.
        zone_default: zone of rows that name none; '' leaves them unknown.
        reached: whether an event connected.
    """

    form: Form
    spellings: Spellings
    known_until: date | datetime
    zone_default: str
    reached: Reached

    def read(self, batch: pa.RecordBatch, *, first_row: int) -> Batch:
        """Return the rows of a batch, the first of which is the log's row `first_row`, counted from 1."""
        count = batch.num_rows
        found: dict[str, NDArray[np.bool_]] = {}
        codes = {name: self._codes(batch, name=name) for name in CODED}
        micros, found["instant_without_zone"] = _instants(batch.column("at"), has_texts=self.form.has_texts)
        local_day = self._local_day(micros, zones=codes["zone"])
        found["in_the_future"] = ~found["instant_without_zone"] & self._is_future(micros, local_day=local_day)
        for name, reason in (("event_id", "event_id_missing"), ("person_id", "person_missing")):
            found[reason] = _is_missing(batch.column(name))
        for name, known in (("channel", CHANNELS), ("performer_kind", PERFORMER_KINDS)):
            good = np.asarray([text in known for text in self.spellings.of(name)], dtype=bool)
            found[f"{name}_unknown"] = ~good[codes[name]]
        facts = {name: _fact(batch.column(name)) for name in self.form.facts}
        found["fact_below_zero"] = np.zeros(count, dtype=bool)
        for column in facts.values():
            found["fact_below_zero"] |= _mask(pc.fill_null(pc.less(column, 0), False))
        reach, outcomes = self._reach(batch)
        kept = {"row_number": pa.array(np.arange(first_row, first_row + count))}
        kept |= {name: _id(batch.column(name)) for name in IDS if name in self.form.columns}
        kept |= {"at": pa.array(micros).cast(pa.timestamp("us", "UTC"))}
        kept |= {name: pa.array(codes[name]) for name in CODED}
        kept |= {"local_day": pa.array(local_day.astype(np.int32)), "reach": pa.array(reach), **facts}
        table = pa.table(kept)
        is_bad = np.logical_or.reduce(list(found.values()))
        if not is_bad.any():
            return Batch(table, REJECTED.empty_table(), outcomes)
        return Batch(table.filter(pa.array(~is_bad)), _rejected(table, found=found, is_bad=is_bad), outcomes)

    def _codes(self, batch: pa.RecordBatch, *, name: str) -> NDArray[np.int32]:
        missing = self.zone_default if name == "zone" else ""
        if name not in self.form.columns:
            return np.full(batch.num_rows, self.spellings.code_of(name, missing), dtype=np.int32)
        indices, words = _dictionary(batch.column(name))
        table = np.asarray([self.spellings.code_of(name, word or missing) for word in words], dtype=np.int32)
        return table[indices] if len(table) else np.zeros(0, dtype=np.int32)

    def _local_day(self, micros: NDArray[np.int64], *, zones: NDArray[np.int32]) -> NDArray[np.int64]:
        local = micros // 60_000_000
        for code, names in enumerate(self.spellings.of("zone")):
            first = zones_of(names)[:1]
            rows: Any = zones == code
            if not first or not rows.any():
                continue
            rows = slice(None) if rows.all() else rows
            local[rows] = local_minutes(first[0].key, local[rows])
        return local // MINUTES_PER_DAY + EPOCH_DAY

    def _is_future(self, micros: NDArray[np.int64], *, local_day: NDArray[np.int64]) -> NDArray[np.bool_]:
        if isinstance(self.known_until, datetime):
            return micros > int(np.datetime64(self.known_until.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
        return local_day > self.known_until.toordinal()

    def _reach(self, batch: pa.RecordBatch) -> tuple[NDArray[np.uint8], dict[str, int]]:
        indices, words = _dictionary(batch.column("outcome"))
        codes = np.asarray([self.reached.code(word) for word in words], dtype=np.uint8)
        reach = codes[indices] if len(codes) else np.zeros(0, dtype=np.uint8)
        counts = np.bincount(indices, minlength=len(words))
        unknown = {word: int(counts[n]) for n, word in enumerate(words) if word and codes[n] == UNKNOWN and counts[n]}
        if "talk_seconds" in self.form.columns:
            talked = pc.fill_null(pc.greater(batch.column("talk_seconds"), self.reached.talk_seconds_max), False)
            reach = np.where(_mask(talked), np.uint8(CONNECTED), reach)
        return reach, unknown


def bucket_of(persons: pa.ChunkedArray, *, count: int, connection: duckdb.DuckDBPyConnection) -> NDArray[np.int64]:
    """Return the bucket of each person, int64[n], 0 to count - 1; equal persons are in one bucket."""
    if pa.types.is_integer(persons.type):
        mixed = persons.to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        numbers: NDArray[np.int64] = ((mixed >> np.uint64(40)) % np.uint64(count)).astype(np.int64)
        return numbers
    connection.register("persons", pa.table({"person_id": persons}))
    query = f"SELECT (hash(person_id) % {int(count)})::BIGINT AS bucket FROM persons"  # noqa: S608 - a number
    found: NDArray[np.int64] = connection.sql(query).to_arrow_table()["bucket"].to_numpy()
    return found


def spread(batches: Iterable[pa.Table], *, into: Path, count: int) -> list[Path]:
    """Write tables into `count` bucket files under a folder and return the files; rows keep the order of the log in each."""
    paths = [into / f"bucket-{number:03d}.arrow" for number in range(count)]
    sinks: list[Any] = []
    connection = duckdb.connect(config={"threads": 1})
    try:
        for table in batches:
            sinks = sinks or [pa.ipc.new_file(str(path), table.schema) for path in paths]
            buckets = bucket_of(table["person_id"], count=count, connection=connection)
            ordered = table.take(pa.array(np.argsort(buckets.astype(np.uint16), kind="stable")))
            edges = np.concatenate([[0], np.cumsum(np.bincount(buckets, minlength=count))])
            for number in np.flatnonzero(np.diff(edges)):
                sinks[number].write_table(ordered.slice(edges[number], edges[number + 1] - edges[number]))
    finally:
        connection.close()
        for sink in sinks:
            sink.close()
    return paths if sinks else []


def load_bucket(bucket: Path | pa.Table) -> pa.Table:
    """Return a bucket's rows; those of a file are mapped, not read."""
    if isinstance(bucket, pa.Table):
        return bucket
    with pa.memory_map(str(bucket)) as source:
        return pa.ipc.open_file(source).read_all()


Progress = Callable[[int, int, str], None]


def without_repeats(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return a bucket without events whose id the same person had in an earlier row, and those, as `REJECTED`."""
    ids = table["event_id"]
    if not _has_repeats(ids):
        return table, REJECTED.empty_table()
    rows = table.select(["person_id", "event_id", "row_number"])
    first = rows.group_by(["person_id", "event_id"]).aggregate([("row_number", "min")])["row_number_min"]
    is_first = pc.is_in(table["row_number"], value_set=first.combine_chunks())
    again = table.filter(pc.invert(is_first))
    reasons = pa.array(["event_repeated"] * again.num_rows, pa.string())
    found = pa.table([again["row_number"], again["event_id"].cast(pa.string()), reasons], schema=REJECTED)
    return (table.filter(is_first), found) if again.num_rows else (table, found)


def _has_repeats(ids: pa.ChunkedArray) -> bool:
    if not pa.types.is_integer(ids.type):
        return bool(pc.count_distinct(ids).as_py() < len(ids))
    ordered = np.sort(ids.to_numpy())
    return bool((ordered[1:] == ordered[:-1]).any())


def _rejected(table: pa.Table, *, found: Mapping[str, NDArray[np.bool_]], is_bad: NDArray[np.bool_]) -> pa.Table:
    rows = np.flatnonzero(is_bad)
    sets = sum((mask[rows].astype(np.int64) << bit for bit, mask in enumerate(found.values())), np.zeros(len(rows), dtype=np.int64))
    distinct, which = np.unique(sets, return_inverse=True)
    texts = ["; ".join(reason for bit, reason in enumerate(found) if one >> bit & 1) for one in distinct.tolist()]
    bad = table.select(["row_number", "event_id"]).take(pa.array(rows))
    return pa.table(
        [bad["row_number"], bad["event_id"].cast(pa.string()), pa.array(texts, pa.string()).take(pa.array(which))], schema=REJECTED
    )


def _instants(column: pa.Array, *, has_texts: bool) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return microseconds since the epoch, 0 where there is no instant with a zone, and where that is."""
    if has_texts:
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.register("texts", pa.table({"written": _plain(column)}))
            micros = connection.sql(_READ_INSTANTS).to_arrow_table()["micros"].combine_chunks()
    else:
        micros = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64())
    values = pc.fill_null(micros, -1).to_numpy(zero_copy_only=False)
    is_bad = (values < _FIRST_US) | (values >= _LAST_US) | _mask(micros.is_null())
    return np.where(is_bad, 0, values), is_bad


_READ_INSTANTS = r"""
SELECT CASE WHEN regexp_matches(written, '^\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([zZ]|[+-]\d{2}(:?\d{2})?)\s*$')
  THEN epoch_us(try_cast(trim(written) AS TIMESTAMPTZ)) END AS micros FROM texts"""


def _dictionary(column: pa.Array) -> tuple[NDArray[np.int64], list[str]]:
    """Return indices into words and the words; a null is the word ''."""
    if pa.types.is_null(column.type):
        return np.zeros(len(column), dtype=np.int64), [""]
    encoded = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
    words = ["" if word is None else str(word) for word in encoded.dictionary.to_pylist()]
    indices = encoded.indices
    if indices.null_count:
        indices, words = indices.fill_null(len(words)), [*words, ""]
    return indices.to_numpy(zero_copy_only=False).astype(np.int64, copy=False), words


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _id(column: pa.Array) -> pa.Array:
    return column.cast(pa.int64()) if pa.types.is_integer(column.type) else _plain(column).cast(pa.string())


def _is_missing(column: pa.Array) -> NDArray[np.bool_]:
    plain = _plain(column)
    return _mask(plain.is_null() if pa.types.is_integer(plain.type) else pc.fill_null(pc.equal(plain, ""), True))


def _fact(column: pa.Array) -> pa.Array:
    return column.cast(pa.uint8()).cast(pa.int64()) if pa.types.is_boolean(column.type) else column.cast(pa.int64())


def _mask(column: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = column.to_numpy(zero_copy_only=False).astype(bool)
    return found


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))


def _is_whole(kind: pa.DataType) -> bool:
    return bool((pa.types.is_integer(kind) and kind != pa.uint64()) or pa.types.is_boolean(kind) or pa.types.is_null(kind))


def _fits(name: str, kind: pa.DataType) -> bool:
    if pa.types.is_null(kind) and name not in ("event_id", "person_id"):
        return True
    if name == "talk_seconds":
        return bool(pa.types.is_integer(kind))
    if name in IDS:
        return bool((pa.types.is_integer(kind) and kind != pa.uint64()) or _is_text(kind))
    return _is_text(kind) or (name == "outcome" and bool(pa.types.is_boolean(kind)))


def bucket_count(rows: int, *, bucket_rows: int = BUCKET_ROWS) -> int:
    """Return into how many buckets a log of so many rows is spread."""
    return max(1, min(BUCKETS_MAX, -(-rows // bucket_rows)))


def count_reasons(rejected: pa.Table, *, into: dict[str, int]) -> None:
    """Add how many rows were rejected for each reason; a row may have several."""
    for row in pc.value_counts(rejected["reasons"].combine_chunks()).to_pylist():
        for reason in row["values"].split("; "):
            into[reason] = into.get(reason, 0) + row["counts"]
