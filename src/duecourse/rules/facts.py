"""The facts of a contact: one as a record, many as a frame, both seen by a rule's body under the same names.

A body reads what `vocabulary` declares. Local time follows the debtor's zone; a debtor who may be in several has them all, joined by
`|`, the likeliest first. Where a zone is not known there is no local time, and rules that need one refuse; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duecourse.rules.errors import FactsMismatch, NaiveInstant, UnknownFact
from duecourse.rules.form import CHANNELS, PERFORMER_KINDS, Overlay
from duecourse.rules.vocabulary import CORE, OverTime, Source, Vocabulary

MINUTES_PER_DAY = 1440
YEAR_FIRST, YEAR_LAST = 1970, 2199
EPOCH_DAY = date(1970, 1, 1).toordinal()
_MICROSECONDS = 60_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FACTS = pa.schema(
    [
        pa.field("person_key", pa.int64(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("zone", pa.string()),
        pa.field("performer_kind", pa.string(), nullable=False),
        pa.field("lender_class", pa.string(), nullable=False),
        pa.field("product_class", pa.string(), nullable=False),
        pa.field("agreement_key", pa.int64()),
    ]
)
"""The frame of many contacts. Texts may come dictionary-encoded, which is faster. Beside these columns there may be one for any fact that
the packs declare, of whole numbers or booleans without nulls."""


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What is known of one contact that somebody wants to make.

    Attributes:
        channel: one of `CHANNELS`; a robot's voice is a `call`.
        at: the instant of the contact, aware.
        zone: IANA name of the debtor's zone, several joined by `|`, or None when it is not known.
        person_key: the debtor, as the creditor numbers persons.
        known: values of declared facts by name, whole numbers from 0; what is missing is taken as `Fact.when_unknown`.
        performer_kind: one of `PERFORMER_KINDS`.
        lender_class: the creditor's class, '' when unknown (then every text binds).
        product_class: the product's class, '' when unknown (then every text binds).
        agreements: agreements with this debtor, as overlays.
        history: per rolling fact, (proleptic ordinal of the local day, count) pairs of the days it was counted over, so that a next
            instant can be told; where it is missing the whole count is taken as today's.
        is_zone_known: whether every zone of `zone` exists.
        local_minute: minute of the local day in the first zone, 0 to 1439, or -1 without a zone.
        local_day: proleptic ordinal of the local day in the first zone; of the UTC day without a zone.
    """

    channel: str
    at: datetime
    zone: str | None
    person_key: int
    known: Mapping[str, int] = field(default_factory=dict)
    performer_kind: str = "agency"
    lender_class: str = ""
    product_class: str = ""
    agreements: tuple[Overlay, ...] = ()
    history: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    is_zone_known: bool = field(init=False)
    local_minute: int = field(init=False)
    local_day: int = field(init=False)
    _zones: tuple[ZoneInfo, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the local day and minute.

        Raises:
            NaiveInstant: `at` has no zone.
            UnknownFact: the channel or the performer is not declared, a core fact is given, or a value is negative or no whole number.
        """
        if self.at.tzinfo is None:
            raise NaiveInstant(at=self.at.isoformat())
        if self.channel not in CHANNELS:
            raise UnknownFact(name="channel", value=self.channel, known=", ".join(CHANNELS))
        if self.performer_kind not in PERFORMER_KINDS:
            raise UnknownFact(name="performer_kind", value=self.performer_kind, known=", ".join(PERFORMER_KINDS))
        refuse_unfit(self.known)
        zones = zones_of(self.zone)
        local = self.at.astimezone(zones[0] if zones else UTC)
        object.__setattr__(self, "is_zone_known", bool(zones))
        object.__setattr__(self, "local_minute", local.hour * 60 + local.minute if zones else -1)
        object.__setattr__(self, "local_day", local.toordinal())
        object.__setattr__(self, "_zones", zones)

    @property
    def local_on(self) -> date:
        """The debtor's local day (the UTC day while the zone is not known): the usual `as_of` of a decision."""
        return date.fromordinal(self.local_day)

    def seen(self, vocabulary: Vocabulary) -> Any:
        """Return what bodies read of this contact.

        Raises:
            UnknownFact: a fact is given that the vocabulary does not declare.
        """
        seen = vocabulary.see(self.known)
        minute = least = most = self.local_minute
        for zone in self._zones[1:]:
            local = self.at.astimezone(zone)
            other = local.hour * 60 + local.minute
            least, most = min(least, other), max(most, other)
        own = seen.__dict__
        own["local_minute"], own["local_minute_least"], own["local_minute_most"] = minute, least, most
        own["local_weekday"], own[_IS_KIND[self.performer_kind]] = (self.local_day - 1) % 7, 1
        return seen


_WHOLE = (int, bool)


def refuse_unfit(known: Mapping[str, int]) -> None:
    """Refuse facts that nobody may give: a core fact, a negative value, or one that is no whole number.

    Raises:
        UnknownFact: for the first of them.
    """
    for name, value in known.items():
        if type(value) not in _WHOLE or value < 0 or name in CORE:
            raise UnknownFact(name=name, value=value, known="0, 1, 2 …")


_IS_KIND = {kind: f"is_{kind}" for kind in PERFORMER_KINDS}


@lru_cache(maxsize=1024)
def zones_of(names: str | None) -> tuple[ZoneInfo, ...]:
    """Return the zones of these IANA names joined by `|`, or () if any of them does not exist."""
    found = [zone_of(name) for name in names.split("|")] if names else []
    return tuple(zone for zone in found if zone is not None) if None not in found else ()


@lru_cache(maxsize=1024)
def zone_of(name: str | None) -> ZoneInfo | None:
    """Return the zone of this IANA name, or None if there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


@lru_cache(maxsize=4096)
def _offsets(name: str, year: int) -> tuple[tuple[int, int], ...]:
    """Return `(from minute, offset minutes)` of a zone from the first UTC day of a year, one entry per change of offset.

    The year is probed day by day and each change is found to the minute by bisection, so two changes within one day that cancel
    would be missed; the IANA database has none.
    """
    zone = ZoneInfo(name)
    first, last = ((datetime(y, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1) for y in (year, year + 1))

    def offset(minute: int) -> int:
        shift = (_EPOCH + timedelta(minutes=minute)).astimezone(zone).utcoffset() or timedelta()
        return shift // timedelta(minutes=1)

    found = [(first, offset(first))]
    for probe in range(first + MINUTES_PER_DAY, last + 1, MINUTES_PER_DAY):
        after = offset(probe)
        if after == found[-1][1]:
            continue
        low, high = probe - MINUTES_PER_DAY, probe
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == found[-1][1] else (low, middle)
        found.append((high, after))
    return tuple(found)


def local_minutes(name: str, utc_minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the local minutes since the epoch's midnight for UTC minutes since the epoch, in the zone `name`.

    Args:
        name: a zone that `zone_of` knows.
        utc_minutes: int64[n], in any order.
    """
    if not utc_minutes.size:
        return utc_minutes
    years = [(_EPOCH + timedelta(minutes=int(edge))).year for edge in (utc_minutes.min(), utc_minutes.max())]
    changes = [pair for year in range(years[0], years[1] + 1) for pair in _offsets(name, year)]
    offsets = np.asarray([offset for _, offset in changes], dtype=np.int64)
    if (offsets == offsets[0]).all():
        return utc_minutes + np.int64(changes[0][1])
    starts = np.asarray([start for start, _ in changes], dtype=np.int64)
    shifts: NDArray[np.int64] = offsets[np.searchsorted(starts, utc_minutes, side="right") - 1]
    return utc_minutes + shifts


def grouped(codes: NDArray[Any]) -> Iterator[tuple[int, Any]]:
    """Yield each code that occurs with the rows that have it, each row once, however many codes there are."""
    if not codes.size:
        return
    if codes.min() == codes.max():
        yield int(codes[0]), slice(None)
        return
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    edges = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(codes)]
    for first, last in pairwise(edges):
        yield int(ordered[first]), order[first:last]


@dataclass(frozen=True, slots=True)
class Columns:
    """Many contacts as arrays of n rows.

    Attributes:
        count: n.
        codes: per coded column (channel, performer_kind, lender_class, product_class, zone) int32[n] into its spellings.
        spellings: per coded column, by code; the last is None, for null.
        local_day: int64[n], proleptic ordinal.
        is_zone_known: bool[n].
        agreement_key: int64[n], -1 where there is none.
        seen: what bodies read: arrays of n for the facts given and the core, single numbers for those not known.
    """

    count: int
    codes: Mapping[str, NDArray[np.int32]]
    spellings: Mapping[str, list[str | None]]
    local_day: NDArray[np.int64]
    is_zone_known: NDArray[np.bool_]
    agreement_key: NDArray[np.int64]
    seen: Any


def columns_of(frame: pa.Table, *, vocabulary: Vocabulary, used: Collection[str]) -> Columns:
    """Return a frame of `FACTS` with columns of further facts as arrays.

    Args:
        frame: n rows.
        vocabulary: what may be given.
        used: the facts that bodies will read; what nobody reads is not derived.

    Raises:
        FactsMismatch: a column is missing, undeclared or of another type, holds nulls where none are declared, or counts below zero.
    """
    checked = _conform(frame, vocabulary=vocabulary)
    coded = {name: _codes(checked[name]) for name in ("channel", "performer_kind", "lender_class", "product_class", "zone")}
    codes, spellings = {name: pair[0] for name, pair in coded.items()}, {name: pair[1] for name, pair in coded.items()}
    utc = checked["at"].to_numpy().astype("datetime64[us]").astype(np.int64) // _MICROSECONDS
    local, least, most, known = _local(utc, codes=codes["zone"], spellings=spellings["zone"])
    keys = checked["agreement_key"]
    day = local // MINUTES_PER_DAY
    seen = vocabulary.see({name: checked[name].to_numpy() for name in checked if name not in FACTS.names})
    _see_clock(seen, minute=local - day * MINUTES_PER_DAY, least=least, most=most, day=day, used=used)
    for kind, name in _IS_KIND.items():
        if name not in used:
            continue
        is_kind = np.asarray([spelling == kind for spelling in spellings["performer_kind"]], dtype=np.uint8)
        setattr(seen, name, is_kind[codes["performer_kind"]])
    return Columns(
        count=len(utc),
        codes=codes,
        spellings=spellings,
        local_day=day + EPOCH_DAY,
        is_zone_known=known,
        agreement_key=np.full(len(utc), -1) if keys.null_count == len(utc) else keys.fill_null(-1).to_numpy(),
        seen=seen,
    )


def _local(utc: NDArray[np.int64], *, codes: NDArray[np.int32], spellings: list[str | None]) -> tuple[Any, ...]:
    """Return local minutes since the epoch in the first zone, the least and most minute of day over several zones, and whether known.

    Least and most are None where no row has several.
    """
    local, known = utc.copy(), np.zeros(len(utc), dtype=bool)
    several: list[tuple[Any, str]] = []
    for code, rows in grouped(codes):
        zones = zones_of(spellings[code])
        if not zones:
            continue
        local[rows], known[rows] = local_minutes(zones[0].key, utc[rows]), True
        several += [(rows, zone.key) for zone in zones[1:]]
    if not several:
        return local, None, None, known
    least, most = local % MINUTES_PER_DAY, local % MINUTES_PER_DAY
    for rows, name in several:
        other = local_minutes(name, utc[rows]) % MINUTES_PER_DAY
        least[rows], most[rows] = np.minimum(least[rows], other), np.maximum(most[rows], other)
    return local, least, most, known


def _see_clock(seen: Any, *, minute: NDArray[np.int64], least: Any, most: Any, day: NDArray[np.int64], used: Collection[str]) -> None:
    seen.local_minute = minute
    seen.local_minute_least = minute if least is None else least
    seen.local_minute_most = minute if most is None else most
    if "local_weekday" in used:
        seen.local_weekday = (day + EPOCH_DAY - 1) % 7


@dataclass(frozen=True, slots=True)
class Grid:
    """One contact imagined at coming minutes: arrays of n, one per minute.

    Attributes:
        utc_minute: int64[n], minutes since the epoch.
        local_day: int64[n], proleptic ordinal in the first zone.
        seen: what bodies read.
    """

    utc_minute: NDArray[np.int64]
    local_day: NDArray[np.int64]
    seen: Any


def project(facts: ContactFacts, *, vocabulary: Vocabulary, after_minutes: int, count: int) -> Grid:
    """Return the same contact at each of `count` whole minutes, beginning `after_minutes` after the minute it was asked for.

    Facts change as `OverTime` says: what the day counts is empty on another local day, rolling counts lose their old days, days since
    something grow, and all else stays as it is.
    """
    start = (facts.at - _EPOCH) // timedelta(minutes=1) + after_minutes
    utc = np.arange(start, start + count, dtype=np.int64)
    zones = zones_of(facts.zone)
    locals_ = [local_minutes(zone.key, utc) for zone in zones]
    minutes = [local % MINUTES_PER_DAY for local in locals_]
    local_day = locals_[0] // MINUTES_PER_DAY + EPOCH_DAY
    later = {name: _later(facts, name=name, vocabulary=vocabulary, local_day=local_day) for name in facts.known}
    seen = vocabulary.see(later)
    least, most = np.minimum.reduce(minutes), np.maximum.reduce(minutes)
    _see_clock(seen, minute=minutes[0], least=least, most=most, day=local_day - EPOCH_DAY, used={"local_weekday"})
    setattr(seen, _IS_KIND[facts.performer_kind], 1)
    return Grid(utc, local_day, seen)


def _later(facts: ContactFacts, *, name: str, vocabulary: Vocabulary, local_day: NDArray[np.int64]) -> Any:
    fact, value = vocabulary.facts[name], facts.known[name]
    if fact.over_time is OverTime.renews_daily:
        return np.where(local_day == facts.local_day, value, 0)
    if fact.over_time is OverTime.grows_daily:
        return value + (local_day - facts.local_day)
    if fact.over_time is OverTime.rolls and fact.count is not None:
        days = facts.history.get(name, ((facts.local_day, value),))
        return sum((np.where(local_day - day < fact.count.window_days, count, 0) for day, count in days), np.zeros_like(local_day))
    return value


def instant_of(utc_minute: int) -> datetime:
    """Return the aware UTC instant of minutes since the epoch."""
    return _EPOCH + timedelta(minutes=utc_minute)


def _conform(frame: pa.Table, *, vocabulary: Vocabulary) -> dict[str, pa.ChunkedArray]:
    columns: dict[str, pa.ChunkedArray] = {}
    reasons: list[str] = []
    for name in frame.column_names:
        if name not in FACTS.names:
            columns[name] = _fact_column(frame.column(name), name=name, vocabulary=vocabulary, reasons=reasons)
    for wanted in FACTS:
        if wanted.name not in frame.column_names:
            reasons.append(f"no column {wanted.name}")
            continue
        column = frame.column(wanted.name)
        is_coded = pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type) and pa.types.is_string(wanted.type)
        try:
            column = column if is_coded or column.type == wanted.type else column.cast(wanted.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            reasons.append(f"{wanted.name} is not {wanted.type}: {error}")
            continue
        if column.null_count and not wanted.nullable:
            reasons.append(f"{wanted.name} has {column.null_count} nulls")
        columns[wanted.name] = column
    at = columns.get("at")
    if at is not None and at.length() and not at.null_count:
        edges = [edge.year for edge in pc.min_max(at).as_py().values()]
        if edges[0] < YEAR_FIRST or edges[1] > YEAR_LAST:
            reasons.append(f"at lies outside the years {YEAR_FIRST} to {YEAR_LAST}")
    if reasons:
        raise FactsMismatch(text="; ".join(reasons))
    return columns


def _fact_column(column: pa.ChunkedArray, *, name: str, vocabulary: Vocabulary, reasons: list[str]) -> pa.ChunkedArray:
    fact = vocabulary.facts.get(name)
    if fact is None or fact.source is Source.core:
        reasons.append(
            f"{name} is no fact that may be given; the packs declare none of that name" if fact is None else f"{name} is derived"
        )
        return column
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if not pa.types.is_integer(column.type):
        reasons.append(f"{name} is not of whole numbers")
    elif column.null_count:
        reasons.append(f"{name} has {column.null_count} nulls")
    elif len(column) and pc.min(column).as_py() < 0:
        reasons.append(f"{name} is below zero")
    return column


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str | None]]:
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    whole = encoded.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))
    names: list[str | None] = whole.dictionary.to_pylist()
    indices = whole.indices if not whole.null_count else whole.indices.fill_null(len(names))
    return indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), [*names, None]
