"""Texts to typed columns: a vectorised way for the ordinary cells, the slow exact way for the rest, the same results."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.errors import Problem
from duecourse.kit.money import AmountUnreadable, Rounding, UnknownCurrency, exponent, parse_amount
from duecourse.kit.records.dates import read_dates
from duecourse.kit.records.mapping import Mapping
from duecourse.kit.records.names import is_like, normal
from duecourse.kit.records.refusals import problem
from duecourse.kit.records.spec import Field

AMOUNT_MAX = 10**17
_ROUND_MODES = {"half_even": "half_to_even", "half_up": "half_towards_infinity", "down": "towards_zero"}
_TRUE = ("true", "t", "yes", "y", "1", "是", "真")
_FALSE = ("false", "f", "no", "n", "0", "否", "假")
_NAIVE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$"
_AWARE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})$"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_DIGITS_MAX = 17
_DAYS_SUFFIX = re.compile(r"\s*(?:天|日|days?)$")
_CUT = r"^[0-9](\.[0-9]+)?E\+[0-9]{2,3}$"
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)

Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Column:
    """A column being read: the field, where it stands, and what was wrong with which rows.

    Attributes:
        field: the field it becomes.
        name: the column's name in the file.
        rows: int64, file rows.
        mapping: the forms to read by.
        bad: rows refused so far.
        problems: one per refused cell.
    """

    field: Field
    name: str
    rows: npt.NDArray[np.int64]
    mapping: Mapping
    bad: Flags = attribute(init=False)
    problems: list[Problem] = attribute(default_factory=list)

    def __post_init__(self) -> None:
        self.bad = np.zeros(len(self.rows), dtype=bool)

    def refuse(self, flags: Flags, code: str, **parameters: Any) -> None:
        """Add one problem for each flagged row that has none yet."""
        fresh = flags & ~self.bad
        self.bad |= fresh
        for index in np.nonzero(fresh)[0]:
            self.problems.append(problem(code, row=int(self.rows[index]), column=self.name, **parameters))


def read_column(column: Column, texts: pa.Array, *, currency: str | pa.Array) -> pa.Array:
    """Return the typed values of cleaned texts (string; null = no value); what cannot be read is null and a problem.

    Args:
        column: collects the problems.
        texts: the cells.
        currency: for amounts: one code, or a column of codes.
    """
    if column.field.name in column.mapping.values:
        texts = _translated(texts, column.mapping.values[column.field.name])
    values = _READERS[column.field.type](column, texts, currency)
    missing = np.asarray(pc.is_null(texts))
    if column.field.required:
        column.refuse(missing, "MissingValue")
    if column.field.minimum is not None and column.field.type in ("integer", "amount"):
        low = np.asarray(pc.fill_null(pc.less(values, column.field.minimum), False))
        column.refuse(low, "BelowMinimum", minimum=column.field.minimum)
    return values


def read_amounts(
    texts: pa.Array, *, currency: str, rounding: Rounding, thousands: str, decimal: str
) -> tuple[pa.Array, dict[int, AmountUnreadable]]:
    """Return int64 minor units of a column of texts, and the errors by index.

    Guarantees: the same as `parse_amount` cell by cell; beyond that, amounts of 10^17 minor units and more are refused, so that sums
    of fields cannot overflow.
    """
    digits = exponent(currency)
    result, done = np.zeros(len(texts), dtype=np.int64), np.asarray(pc.is_null(texts))
    missing = done.copy()
    point, comma = re.escape(decimal), re.escape(thousands)
    fraction = f"({point}[0-9]{{1,{digits}}})?" if digits else ""
    plain, grouped = f"^-?[0-9]{{1,14}}{fraction}$", f"^-?[0-9]{{1,3}}({comma}[0-9]{{3}}){{1,3}}{fraction}$"
    longer = f"^-?[0-9]{{1,13}}{point}[0-9]{{{digits + 1},12}}$"
    for pattern, mode in ((plain, None), (grouped if thousands else "", None), (longer, _ROUND_MODES.get(rounding))):
        if done.all() or not pattern or (pattern == longer and mode is None):
            continue
        matched = np.asarray(pc.fill_null(pc.match_substring_regex(texts, pattern), False)) & ~done
        if matched.any():
            result[matched] = _decimals(texts.filter(pa.array(matched)), digits, mode, thousands, decimal)
            done |= matched
    errors: dict[int, AmountUnreadable] = {}
    for index in np.nonzero(~done)[0]:
        try:
            amount = parse_amount(texts[index].as_py(), currency=currency, rounding=rounding, thousands=thousands, decimal=decimal)
        except AmountUnreadable as error:
            errors[int(index)] = error
            continue
        if abs(amount) < AMOUNT_MAX:
            result[index] = amount
        else:
            errors[int(index)] = AmountUnreadable(reason="it is too large", example="1234")
    missing[list(errors)] = True
    return pa.array(result, pa.int64(), mask=missing), errors


def _decimals(texts: pa.Array, digits: int, mode: str | None, thousands: str, decimal: str) -> npt.NDArray[np.int64]:
    """Return the unscaled integers of texts that are plain decimals."""
    if thousands:
        texts = pc.replace_substring(texts, thousands, "")
    if decimal != ".":
        texts = pc.replace_substring(texts, decimal, ".")
    if mode is None:
        scaled = texts.cast(pa.decimal128(38, digits))
    else:
        scaled = pc.round(texts.cast(pa.decimal128(38, 12)), ndigits=digits, round_mode=mode).cast(pa.decimal128(38, digits))
    words = np.frombuffer(scaled.buffers()[1], dtype="<i8")
    return words[2 * scaled.offset : 2 * (scaled.offset + len(scaled)) : 2]


def _amount(column: Column, texts: pa.Array, currency: str | pa.Array) -> pa.Array:
    if normal(column.name) == column.field.name:
        return _integer(column, texts, currency)
    if isinstance(currency, str):
        return _amounts_of(column, texts, currency, np.ones(len(texts), dtype=bool))
    codes = pc.unique(currency).to_pylist()
    if len(codes) == 1 and _is_currency(codes[0]):
        return _amounts_of(column, texts, codes[0], np.ones(len(texts), dtype=bool))
    result, filled = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=bool)
    for code in codes:
        chosen = np.asarray(pc.is_null(currency) if code is None else pc.fill_null(pc.equal(currency, code), False))
        if not _is_currency(code):
            column.refuse(chosen & np.asarray(pc.is_valid(texts)), "CurrencyUnknown")
            continue
        values = _amounts_of(column, pc.if_else(pa.array(chosen), texts, None), code, chosen)
        valid = np.asarray(pc.is_valid(values))
        result[valid], filled = np.asarray(pc.fill_null(values, 0))[valid], filled | valid
    return pa.array(result, pa.int64(), mask=~filled)


def _is_currency(code: str | None) -> bool:
    try:
        exponent(code or "")
    except UnknownCurrency:
        return False
    return True


def _amounts_of(column: Column, texts: pa.Array, currency: str, chosen: Flags) -> pa.Array:
    forms = column.mapping
    values, errors = read_amounts(texts, currency=currency, rounding=forms.rounding, thousands=forms.thousands, decimal=forms.decimal)
    for index, error in errors.items():
        flags = np.zeros(len(texts), dtype=bool)
        flags[index] = True
        column.refuse(flags & chosen, "AmountUnreadable", **error.parameters)
    return values


def _integer(column: Column, texts: pa.Array, currency: str | pa.Array) -> pa.Array:
    plain = pc.match_substring_regex(texts, rf"^-?[0-9]{{1,{_DIGITS_MAX}}}$")
    values = pc.if_else(plain, texts, pa.scalar(None, pa.string())).cast(pa.int64())
    rest = np.nonzero(np.asarray(pc.fill_null(pc.invert(plain), False)))[0]
    if not len(rest):
        return values
    result, missing = np.asarray(pc.fill_null(values, 0)).copy(), np.asarray(pc.is_null(values)).copy()
    for index in rest:
        number = _slow_integer(texts[index].as_py(), column.mapping, unit=column.field.unit)
        if number is not None:
            result[index], missing[index] = number, False
    unread = np.zeros(len(texts), dtype=bool)
    unread[rest] = missing[rest]
    column.refuse(unread, "IntegerUnreadable")
    return pa.array(result, pa.int64(), mask=missing)


def _slow_integer(text: str, forms: Mapping, *, unit: str) -> int | None:
    plain = unicodedata.normalize("NFKC", text).strip()
    if unit == "days":
        plain = _DAYS_SUFFIX.sub("", plain)
    if forms.thousands and re.fullmatch(rf"[+-]?[0-9]{{1,3}}({re.escape(forms.thousands)}[0-9]{{3}})+", plain):
        plain = plain.replace(forms.thousands, "")
    found = re.fullmatch(rf"([+-]?[0-9]{{1,{_DIGITS_MAX}}})({re.escape(forms.decimal)}0*)?", plain, re.ASCII)
    return int(found[1]) if found else None


def _date(column: Column, texts: pa.Array, currency: str | pa.Array) -> pa.Array:
    values, unread, impossible = read_dates(texts, forms=column.mapping.dates, year_pivot=column.mapping.year_pivot)
    column.refuse(impossible, "DateImpossible")
    column.refuse(unread, "DateUnreadable", forms=", ".join(column.mapping.dates))
    return values


def _instant(column: Column, texts: pa.Array, currency: str | pa.Array) -> pa.Array:
    utc = pa.timestamp("us", tz="UTC")
    aware = pc.if_else(pc.match_substring_regex(texts, _AWARE), texts, pa.scalar(None, pa.string()))
    values = _tolerant_cast(aware, utc)
    if column.mapping.zone:
        naive = pc.if_else(pc.match_substring_regex(texts, _NAIVE), texts, pa.scalar(None, pa.string()))
        local = _tolerant_cast(naive, pa.timestamp("us"))
        placed = pc.assume_timezone(local, column.mapping.zone, ambiguous="earliest", nonexistent="latest")
        values = pc.coalesce(values, placed.cast(utc))
    in_range = pc.and_(pc.greater_equal(values, pa.scalar(_EARLIEST, utc)), pc.less_equal(values, pa.scalar(_LATEST, utc)))
    values = pc.if_else(in_range, values, pa.scalar(None, utc))
    column.refuse(np.asarray(pc.and_(pc.is_null(values), pc.is_valid(texts))), "InstantUnreadable")
    return values


def _tolerant_cast(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Cast a column; when one cell fails, cell by cell, null for those that fail."""
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        pass
    cells = []
    for index in range(len(texts)):
        try:
            cells.append(texts.slice(index, 1).cast(kind))
        except pa.ArrowInvalid:
            cells.append(pa.nulls(1, kind))
    return pa.concat_arrays(cells)


def _boolean(column: Column, texts: pa.Array, currency: str | pa.Array) -> pa.Array:
    folded = pc.utf8_lower(texts)
    is_true, is_false = pc.is_in(folded, pa.array(_TRUE)), pc.is_in(folded, pa.array(_FALSE))
    column.refuse(np.asarray(pc.and_(pc.is_valid(texts), pc.invert(pc.or_(is_true, is_false)))), "BooleanUnreadable")
    return pc.if_else(pc.or_(is_true, is_false), is_true, pa.scalar(None, pa.bool_()))


def _code(column: Column, texts: pa.Array, currency: str | pa.Array) -> pa.Array:
    known = pc.is_in(texts, pa.array(column.field.choices, pa.string()))
    column.refuse(np.asarray(pc.and_(pc.is_valid(texts), pc.invert(known))), "CodeUnknown", choices=", ".join(column.field.choices))
    return texts


def _words(column: Column, texts: pa.Array, currency: str | pa.Array) -> pa.Array:
    if column.field.is_identifier and not pc.all(pc.string_is_ascii(texts)).as_py():
        texts = pc.utf8_trim_whitespace(pc.utf8_normalize(texts, form="NFKC"))
    lengths = pc.utf8_length(texts)
    longest = pc.max(lengths).as_py() or 0
    if longest > column.field.length_max:
        long = np.asarray(pc.fill_null(pc.greater(lengths, column.field.length_max), False))
        column.refuse(long, "TextTooLong", maximum=column.field.length_max)
    control = np.asarray(pc.fill_null(pc.match_substring_regex(texts, _CONTROL), False))
    column.refuse(control, "TextUnprintable")
    column.refuse(np.asarray(pc.fill_null(pc.match_substring_regex(texts, _CUT), False)), "DigitsLost")
    return texts


def translation(text: str | None, table: AnyMapping[str, str]) -> str | None:
    """Return what a mapping's `values` make of a cell: by its text, by its normal form, by the first pattern it fits, else itself."""
    if text is None or text in table:
        return table[text] if text is not None else None
    plain = normal(text)
    for key, meaning in table.items():
        if normal(key) == plain or ("*" in key and is_like(text, (key,))):
            return meaning
    return text


def _translated(texts: pa.Array, table: Any) -> pa.Array:
    encoded = texts.dictionary_encode()
    translated = [translation(text, table) for text in encoded.dictionary.to_pylist()]
    return pc.take(pa.array([text or None for text in translated], pa.string()), encoded.indices)


_READERS: dict[str, Callable[[Column, pa.Array, str | pa.Array], pa.Array]] = {
    "text": _words,
    "code": _code,
    "integer": _integer,
    "amount": _amount,
    "date": _date,
    "instant": _instant,
    "boolean": _boolean,
}
