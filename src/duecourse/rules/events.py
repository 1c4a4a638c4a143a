"""The events of a history: what a log of contacts holds, which of its rows can be judged, and their buckets.

A log is a Parquet file or an Arrow table, one row per contact. It is read once, batch by batch; rows that cannot be judged go to the
rejects with their reasons, the others become narrow columns of numbers in buckets by hash of the person, so that memory does not grow
with the log and no count ever needs two buckets. See docs/algorithms/audit.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duecourse.rules.errors import EventsMismatch, NaiveInstant
from duecourse.rules.facts import EPOCH_DAY, MINUTES_PER_DAY, YEAR_FIRST, YEAR_LAST, grouped, local_minutes
from duecourse.rules.form import CHANNELS, PERFORMER_KINDS, Bilingual
from duecourse.rules.log_files import TEXT_BYTES_MAX, is_text
from duecourse.rules.vocabulary import Source, Vocabulary, is_believed
from duecourse.rules.zones import ZONES_MAX, is_usable

REQUIRED = ("event_id", "at", "person_id", "channel", "performer", "performer_kind", "zone", "outcome")
OPTIONAL = ("contact_point_id", "debt_id", "talk_seconds", "lender_class", "product_class")
IDS = ("event_id", "person_id", "contact_point_id", "debt_id")
PAPERS = "paper_key"
"""The column that names the papers that bound each contact, where whoever audits gives them."""
CODED = ("channel", "performer", "performer_kind", "zone", "lender_class", "product_class")
PERSON_EVENTS_MAX = 50_000
"""So many contacts has nobody: a number with more stands for many persons, or for those whom nobody knows."""
TEXTS_MAX = 1 << 16
"""Of how many different texts a coded column may be."""
WORDS_MAX = 1_000
"""How many words of the outcome that nobody declared are told apart."""
_MOST = (1 << 63) - 1
_FIRST_US, _LAST_US = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in (YEAR_FIRST, YEAR_LAST + 1))

REASONS: Mapping[str, Bilingual] = MappingProxyType(
    {
        "event_id_missing": Bilingual("没有事件编号", "no event id"),
        "event_repeated": Bilingual("同一当事人的事件编号重复", "the person has another event of this id before"),
        "person_missing": Bilingual("没有债务人编号", "no person"),
        "person_of_too_many": Bilingual(
            f"该编号下超过{PERSON_EVENTS_MAX:,}次联系，不是同一个债务人",
            f"more than {PERSON_EVENTS_MAX:,} contacts stand under this number of a person",
        ),
        "instant_without_zone": Bilingual("时间没有时区偏移，或无法读取", "the instant has no offset, or cannot be read"),
        "instant_out_of_range": Bilingual(
            f"时间早于{YEAR_FIRST}年或晚于{YEAR_LAST}年", f"the instant is before {YEAR_FIRST} or after {YEAR_LAST}"
        ),
        "zone_not_known": Bilingual(
            f"时区不是IANA名称（须逐字一致，最多{ZONES_MAX}个）",
            f"the zone is no name of the IANA list to the letter, or there are more than {ZONES_MAX}",
        ),
        "in_the_future": Bilingual("事件晚于审计截止时点", "later than the day the history is known until"),
        "channel_unknown": Bilingual("未知的联系渠道", f"the channel is none of {', '.join(CHANNELS)}"),
        "performer_kind_unknown": Bilingual("未知的作业主体类型", f"the performer's kind is none of {', '.join(PERFORMER_KINDS)}"),
        "fact_below_zero": Bilingual("事实值为负数", "a fact is below zero"),
        "talk_below_zero": Bilingual("通话时长为负数", "the seconds of talk are below zero"),
        "text_too_long": Bilingual(f"文本超过{TEXT_BYTES_MAX:,}字节", f"a text is longer than {TEXT_BYTES_MAX:,} bytes"),
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
        not_made: outcomes of a contact that was never tried; it counts in no count, where that is believed (`vocabulary.is_believed`).
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
        """Return the code of a text, a new one if it was not there.

        Raises:
            EventsMismatch: the column has more different texts than any such column has.
        """
        codes = self.codes[name]
        if len(codes) == TEXTS_MAX and text not in codes:
            raise EventsMismatch(text=f"the column {name} has more than {TEXTS_MAX:,} different texts")
        return codes.setdefault(text, len(codes))


@dataclass(frozen=True, slots=True)
class Form:
    """Which columns of a log are used, and how.

    Attributes:
        columns: all names that are read.
        facts: the stated and recorded facts among them.
        has_papers: the papers that bound a contact are told by its key.
        has_texts: instants come as texts, which are read row by row.
    """

    columns: tuple[str, ...]
    facts: tuple[str, ...]
    has_texts: bool
    has_papers: bool = False


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


def form_of(schema: pa.Schema, *, vocabulary: Vocabulary, has_papers: bool = False) -> Form:
    """Return how a log with this schema is read; columns that nobody declared are left alone.

    Args:
        schema: of the log.
        vocabulary: of the packs.
        has_papers: whether `paper_key` is to be read, a whole number or null.

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
    if not (pa.types.is_timestamp(kind) or is_text(kind)):
        reasons.append(f"at is of the type {kind}")
    if has_papers and (PAPERS not in names or schema.field(PAPERS).type != pa.int64()):
        reasons.append(f"{PAPERS} is not there as a whole number")
    if reasons:
        raise EventsMismatch(text="; ".join(reasons))
    if pa.types.is_timestamp(kind) and kind.tz is None:
        raise NaiveInstant(at="at")
    columns = tuple(name for name in (*REQUIRED, *OPTIONAL, *facts, *([PAPERS] if has_papers else [])) if name in names)
    return Form(columns, tuple(facts), is_text(kind), has_papers)


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
        batch, found["text_too_long"] = _shortened(batch)
        codes = {name: self._codes(batch, name=name) for name in CODED}
        micros, found["instant_without_zone"], found["instant_out_of_range"] = _instants(batch.column("at"), has_texts=self.form.has_texts)
        found["zone_not_known"] = ~self._are_zones()[codes["zone"]]
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
        talk = self._talk(batch)
        found["talk_below_zero"] = _mask(pc.less(talk, 0))
        reach, outcomes = self._reach(batch, talk=talk, channels=codes["channel"])
        kept = {"row_number": pa.array(np.arange(first_row, first_row + count))}
        kept |= {name: _id(batch.column(name)) for name in IDS if name in self.form.columns}
        kept |= {"at": pa.array(micros).cast(pa.timestamp("us", "UTC"))}
        kept |= {name: pa.array(codes[name]) for name in CODED}
        kept |= {"local_day": pa.array(local_day.astype(np.int32)), "reach": pa.array(reach), **facts}
        kept |= {PAPERS: batch.column(PAPERS)} if self.form.has_papers else {}
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

    def _are_zones(self) -> NDArray[np.bool_]:
        return np.asarray([not name or is_usable(name) for name in self.spellings.of("zone")], dtype=bool)

    def _local_day(self, micros: NDArray[np.int64], *, zones: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the day in the first zone of each row, of the UTC day where there is none; each row is looked at once however many zones."""
        local, numbers = micros // 60_000_000, {"": 0}
        firsts = [name.partition("|")[0] if name and is_usable(name) else "" for name in self.spellings.of("zone")]
        first_of = np.asarray([numbers.setdefault(first, len(numbers)) for first in firsts], dtype=np.int32)
        names = list(numbers)
        for number, rows in grouped(first_of[zones]):
            if names[number]:
                local[rows] = local_minutes(names[number], local[rows])
        return local // MINUTES_PER_DAY + EPOCH_DAY

    def _is_future(self, micros: NDArray[np.int64], *, local_day: NDArray[np.int64]) -> NDArray[np.bool_]:
        if isinstance(self.known_until, datetime):
            return micros > int(np.datetime64(self.known_until.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
        return local_day > self.known_until.toordinal()

    def _talk(self, batch: pa.RecordBatch) -> pa.Array:
        """Return the seconds of talk, 0 where the log tells none."""
        if "talk_seconds" not in self.form.columns:
            return pa.array(np.zeros(batch.num_rows, dtype=np.int64))
        column = batch.column("talk_seconds")
        if column.type == pa.uint64():
            column = pc.min_element_wise(column, pa.scalar(_MOST, pa.uint64()))
        return pc.fill_null(column.cast(pa.int64()), 0)

    def _reach(self, batch: pa.RecordBatch, *, talk: pa.Array, channels: NDArray[np.int32]) -> tuple[NDArray[np.uint8], dict[str, int]]:
        indices, words = _dictionary(batch.column("outcome"))
        codes = np.asarray([self.reached.code(word) for word in words], dtype=np.uint8)
        reach = codes[indices] if len(codes) else np.zeros(0, dtype=np.uint8)
        counts = np.bincount(indices, minlength=len(words))
        unknown = {word: int(counts[n]) for n, word in enumerate(words) if word and codes[n] == UNKNOWN and counts[n]}
        reach = np.where(_mask(pc.greater(talk, self.reached.talk_seconds_max)), np.uint8(CONNECTED), reach)
        for code, is_made in ((NOT_CONNECTED, True), (NOT_MADE, False)):
            is_doubted = np.asarray([not is_believed(name, is_made=is_made) for name in self.spellings.of("channel")], dtype=bool)
            reach[(reach == code) & is_doubted[channels]] = UNKNOWN
        return reach, unknown


Progress = Callable[[int, int, str], None]


def _rejected(table: pa.Table, *, found: Mapping[str, NDArray[np.bool_]], is_bad: NDArray[np.bool_]) -> pa.Table:
    rows = np.flatnonzero(is_bad)
    sets = sum((mask[rows].astype(np.int64) << bit for bit, mask in enumerate(found.values())), np.zeros(len(rows), dtype=np.int64))
    distinct, which = np.unique(sets, return_inverse=True)
    texts = ["; ".join(reason for bit, reason in enumerate(found) if one >> bit & 1) for one in distinct.tolist()]
    bad = table.select(["row_number", "event_id"]).take(pa.array(rows))
    return as_rejected(bad, reasons=pa.array(texts, pa.string()).take(pa.array(which)))


def as_rejected(rows: pa.Table, *, reasons: pa.Array) -> pa.Table:
    """Return rows of a log as `REJECTED`, each with why."""
    return pa.table([rows["row_number"], rows["event_id"].cast(pa.string()), reasons], schema=REJECTED)


def _instants(column: pa.Array, *, has_texts: bool) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return microseconds since the epoch, 0 where there is no instant that can be used; where there is none; where it is out of range."""
    if has_texts:
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.register("texts", pa.table({"written": _plain(column)}))
            micros = connection.sql(_READ_INSTANTS).to_arrow_table()["micros"].combine_chunks()
        numbers, first, last = micros, _FIRST_US, _LAST_US
    else:
        times = _PER_SECOND[column.type.unit]
        numbers = column.cast(pa.int64())
        first, last = _FIRST_US * times // 1_000_000, _LAST_US * times // 1_000_000
    is_none = _mask(numbers.is_null())
    values = pc.fill_null(numbers, first).to_numpy(zero_copy_only=False)
    is_out = ~is_none & ((values < first) | (values >= last))
    values = np.where(is_none | is_out, 0, values)
    if not has_texts:
        values = values * (1_000_000 // times) if times < 1_000_000 else values // (times // 1_000_000)
    return values, is_none, is_out


_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_READ_INSTANTS = r"""
SELECT CASE WHEN regexp_matches(written, '^\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([zZ]|[+-](0\d|1[0-4])(:?[0-5]\d)?)\s*$')
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


def _shortened(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, NDArray[np.bool_]]:
    """Return a batch with the texts that are too long emptied, and in which rows one was.

    A text that stands in many rows is in memory once as long as its column is a dictionary; emptied, it can be written out in full.

    Raises:
        EventsMismatch: a column of texts holds bytes that are no UTF-8.
    """
    is_long = np.zeros(batch.num_rows, dtype=bool)
    columns = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        taken = column.cast(pa.string()) if pa.types.is_string_view(column.type) else column
        if is_text(taken.type):
            taken, rows = _short(taken, name=name)
            is_long |= rows
        columns.append(taken)
    return pa.record_batch(columns, names=batch.schema.names), is_long


def _short(column: pa.Array, *, name: str) -> tuple[pa.Array, NDArray[np.bool_]]:
    is_coded = pa.types.is_dictionary(column.type)
    texts = column.dictionary if is_coded else column
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise EventsMismatch(text=f"the column {name} holds texts that are no UTF-8") from error
    is_long = pc.fill_null(pc.greater(pc.binary_length(texts), TEXT_BYTES_MAX), False)
    if not pc.any(is_long).as_py():
        return column, np.zeros(len(column), dtype=bool)
    short = pc.if_else(is_long, pa.scalar("", texts.type), texts)
    if not is_coded:
        return short, _mask(is_long)
    rows = pc.fill_null(pc.take(is_long, column.indices), False)
    return pa.DictionaryArray.from_arrays(column.indices, short), _mask(rows)


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


def _is_whole(kind: pa.DataType) -> bool:
    return bool((pa.types.is_integer(kind) and kind != pa.uint64()) or pa.types.is_boolean(kind) or pa.types.is_null(kind))


def _fits(name: str, kind: pa.DataType) -> bool:
    if pa.types.is_null(kind) and name not in ("event_id", "person_id"):
        return True
    if name == "talk_seconds":
        return bool(pa.types.is_integer(kind))
    if name in IDS:
        return bool((pa.types.is_integer(kind) and kind != pa.uint64()) or is_text(kind))
    return is_text(kind) or (name == "outcome" and bool(pa.types.is_boolean(kind)))


def count_reasons(rejected: pa.Table, *, into: dict[str, int]) -> None:
    """Add how many rows were rejected for each reason; a row may have several."""
    for row in pc.value_counts(rejected["reasons"].combine_chunks()).to_pylist():
        for reason in row["values"].split("; "):
            into[reason] = into.get(reason, 0) + row["counts"]
