"""The facts of a contact: one as a record, many as a frame, both seen by a rule's body under the same names.

A body reads `local_minute`, `local_day` and `call_slots_held_count`. Local time follows the debtor's zone. Where the zone is not
known there is no local time, and rules that need one refuse; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duecourse.rules.errors import FactsMismatch, NaiveInstant, UnknownFact
from duecourse.rules.form import CHANNELS, PERFORMER_KINDS, Overlay

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
        pa.field("call_slots_held_count", pa.int32(), nullable=False),
        pa.field("performer_kind", pa.string(), nullable=False),
        pa.field("lender_class", pa.string(), nullable=False),
        pa.field("product_class", pa.string(), nullable=False),
        pa.field("agreement_key", pa.int64()),
    ]
)
"""The frame of many contacts. Texts may come dictionary-encoded, which is faster."""


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What is known of one contact that somebody wants to make.

    Attributes:
        channel: one of `CHANNELS`; a robot's voice is a `call`.
        at: the instant of the contact, aware.
        zone: IANA name of the debtor's zone, or None when it is not known.
        person_key: the debtor, as the creditor numbers persons.
        call_slots_held_count: connected calls of this debtor's local day plus permits of that day whose outcome is pending or
            unreported, summed over the creditor and all its agencies, teams and robots.
        performer_kind: one of `PERFORMER_KINDS`. No rule treats them differently; it is kept for the record.
        lender_class: the creditor's class, '' when unknown (then every text binds).
        product_class: the product's class, '' when unknown (then every text binds).
        agreements: agreements with this debtor, as overlays.
        is_zone_known: whether `zone` names a zone.
        local_minute: minute of the local day, 0 to 1439, or -1 without a zone.
        local_day: proleptic ordinal of the local day; of the UTC day without a zone.
    """

    channel: str
    at: datetime
    zone: str | None
    person_key: int
    call_slots_held_count: int
    performer_kind: str = "agency"
    lender_class: str = ""
    product_class: str = ""
    agreements: tuple[Overlay, ...] = ()
    is_zone_known: bool = field(init=False)
    local_minute: int = field(init=False)
    local_day: int = field(init=False)

    def __post_init__(self) -> None:
        """Derive the local day and minute.

        Raises:
            NaiveInstant: `at` has no zone.
            UnknownFact: the channel or the performer is not declared, or the count is negative.
        """
        if self.at.tzinfo is None:
            raise NaiveInstant(at=self.at.isoformat())
        if self.channel not in CHANNELS:
            raise UnknownFact(name="channel", value=self.channel, known=", ".join(CHANNELS))
        if self.performer_kind not in PERFORMER_KINDS:
            raise UnknownFact(name="performer_kind", value=self.performer_kind, known=", ".join(PERFORMER_KINDS))
        if self.call_slots_held_count < 0:
            raise UnknownFact(name="call_slots_held_count", value=self.call_slots_held_count, known="0, 1, 2 …")
        zone = zone_of(self.zone)
        local = self.at.astimezone(zone or UTC)
        object.__setattr__(self, "is_zone_known", zone is not None)
        object.__setattr__(self, "local_minute", local.hour * 60 + local.minute if zone else -1)
        object.__setattr__(self, "local_day", local.toordinal())

    @property
    def local_on(self) -> date:
        """The debtor's local day (the UTC day while the zone is not known): the usual `as_of` of a decision."""
        return date.fromordinal(self.local_day)


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


def columns_of(frame: pa.Table) -> tuple[SimpleNamespace, dict[str, list[str | None]]]:
    """Return a frame of `FACTS` as arrays under the names that bodies read, and the spellings of its coded columns.

    Returns:
        Arrays of n: `local_minute` and `local_day` int64, `is_zone_known` bool, `call_slots_held_count` int32, `agreement_key`
        int64 (-1 where there is none), and codes int32 of `channel`, `performer_kind`, `lender_class`, `product_class`, `zone`;
        then, per coded column, its spellings by code (the last is None, for null).

    Raises:
        FactsMismatch: a column is missing, of another type, holds nulls where none are declared, or counts below zero.
    """
    checked = _conform(frame)
    names = ("channel", "performer_kind", "lender_class", "product_class", "zone")
    coded = {name: _codes(checked[name]) for name in names}
    spellings = {name: coded[name][1] for name in names}
    utc = checked["at"].to_numpy().astype("datetime64[us]").astype(np.int64) // _MICROSECONDS
    local, known = utc.copy(), np.zeros(len(utc), dtype=bool)
    codes = coded["zone"][0]
    present = [code for code, name in enumerate(spellings["zone"]) if zone_of(name) is not None]
    for code in present:
        name = str(spellings["zone"][code])
        rows: Any = codes == code
        if rows.all():
            rows = slice(None)
        local[rows], known[rows] = local_minutes(name, utc[rows]), True
    day = local // MINUTES_PER_DAY
    keys = checked["agreement_key"]
    columns = SimpleNamespace(
        local_minute=local - day * MINUTES_PER_DAY,
        local_day=day + EPOCH_DAY,
        is_zone_known=known,
        call_slots_held_count=checked["call_slots_held_count"].to_numpy(),
        agreement_key=np.full(len(utc), -1) if keys.null_count == len(utc) else keys.fill_null(-1).to_numpy(),
        **{name: coded[name][0] for name in names},
    )
    return columns, spellings


def project(facts: ContactFacts, *, after_minutes: int, count: int) -> SimpleNamespace:
    """Return the same contact at each of `count` whole minutes, beginning `after_minutes` after the minute it was asked for.

    What the day counts is empty on another local day; all else stays as it is. The arrays have the names that bodies read, and
    `utc_minute`, minutes since the epoch.
    """
    start = (facts.at - _EPOCH) // timedelta(minutes=1) + after_minutes
    utc = np.arange(start, start + count, dtype=np.int64)
    local = local_minutes(str(facts.zone), utc)
    day = local // MINUTES_PER_DAY
    local_day = day + EPOCH_DAY
    return SimpleNamespace(
        utc_minute=utc,
        local_minute=local - day * MINUTES_PER_DAY,
        local_day=local_day,
        call_slots_held_count=np.where(local_day == facts.local_day, facts.call_slots_held_count, 0),
    )


def instant_of(utc_minute: int) -> datetime:
    """Return the aware UTC instant of minutes since the epoch."""
    return _EPOCH + timedelta(minutes=utc_minute)


def _conform(frame: pa.Table) -> dict[str, pa.ChunkedArray]:
    columns, reasons = {}, []
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
    held = columns.get("call_slots_held_count")
    if held is not None and len(held) and not held.null_count and held.to_numpy().min() < 0:
        reasons.append("call_slots_held_count is below zero")
    if reasons:
        raise FactsMismatch(text="; ".join(reasons))
    return columns


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str | None]]:
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    whole = encoded.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))
    names: list[str | None] = whole.dictionary.to_pylist()
    indices = whole.indices if not whole.null_count else whole.indices.fill_null(len(names))
    return indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), [*names, None]
