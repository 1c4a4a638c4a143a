"""Date forms (`YYYY-MM-DD`, `YY-Mon`, `YYYY年M月D日` …) and their reading, column by column."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS = {
    "YYYY": r"(?P<y>[0-9]{4})",
    "YY": r"(?P<y>[0-9]{1,2})",
    "Mon": r"(?P<n>[A-Za-z]{3})",
    "MM": r"(?P<m>[0-9]{2})",
    "M": r"(?P<m>[0-9]{1,2})",
    "DD": r"(?P<d>[0-9]{2})",
    "D": r"(?P<d>[0-9]{1,2})",
}
_EXCEL_EPOCH_DAYS = -25_569
_FIRST_DAY = (date.min - date(1970, 1, 1)).days
_EXCEL_SERIALS = (61, 2_958_465)

Days = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@cache
def compile_form(form: str) -> str:
    """Return the regular expression of a date form; a form without a day means the first of the month.

    The form `excel` is the serial number of a spreadsheet (1900 system, from 1 March 1900 on).

    Raises:
        ValueError: the form lacks the year or the month, or names a part twice.
    """
    if form == "excel":
        return r"^(?P<s>[0-9]{2,7})(?:\.0+)?$"
    pieces = re.split(r"(YYYY|YY|Mon|MM|M|DD|D)", form)
    pattern = "".join(_PARTS.get(piece, re.escape(piece)) for piece in pieces)
    names = re.findall(r"\?P<(\w)>", pattern)
    if len(set(names)) != len(names) or "y" not in names or not {"m", "n"} & set(names):
        raise ValueError(f"{form} is not a date form")
    return f"^{pattern}$"


def read_dates(texts: pa.Array, *, forms: tuple[str, ...], year_pivot: int) -> tuple[pa.Array, Flags, Flags]:
    """Read a column of texts (string, null = no value).

    Returns:
        The dates (date32), the rows whose text fits no form, and the rows whose text fits a form but names no day (31 February).
    """
    if "YYYY-MM-DD" in forms:
        try:
            values = texts.cast(pa.date32())
        except pa.ArrowInvalid:
            values = None
        if values is not None and (pc.min(values.cast(pa.int32())).as_py() or 0) >= _FIRST_DAY:
            none = np.zeros(len(texts), dtype=bool)
            return values, none, none
    encoded = texts.dictionary_encode()
    places = np.asarray(pc.fill_null(encoded.indices, 0)).astype(np.int64)
    valid = np.asarray(pc.is_valid(texts))
    values, unread, impossible = _read_distinct(encoded.dictionary, forms, year_pivot)
    if not len(values):
        return pa.nulls(len(texts), pa.date32()), ~valid & False, ~valid & False
    return values.take(encoded.indices), unread[places] & valid, impossible[places] & valid


def _read_distinct(texts: pa.Array, forms: tuple[str, ...], year_pivot: int) -> tuple[pa.Array, Flags, Flags]:
    days = np.zeros(len(texts), dtype=np.int32)
    done = impossible = np.zeros(len(texts), dtype=bool)
    wanted = np.asarray(pc.is_valid(texts))
    for attempt in (texts, pc.utf8_normalize(texts, form="NFKC")):
        for form in forms:
            if (done | impossible)[wanted].all():
                break
            found, matched, real = _read_form(attempt, form, year_pivot)
            fresh = matched & ~done
            days[fresh & real] = found[fresh & real]
            done, impossible = done | (fresh & real), impossible | (fresh & ~real)
    impossible = impossible & ~done
    return pa.array(days, pa.int32(), mask=~done).cast(pa.date32()), wanted & ~done & ~impossible, impossible


def _read_form(texts: pa.Array, form: str, year_pivot: int) -> tuple[Days, Flags, Flags]:
    parts = pc.extract_regex(texts, compile_form(form))
    matched = np.asarray(pc.is_valid(parts))
    names = {parts.type.field(i).name for i in range(parts.type.num_fields)}

    def numbers(name: str) -> npt.NDArray[np.int64]:
        column = pc.if_else(pa.array(matched), pc.struct_field(parts, name), "1").cast(pa.int64())
        return np.asarray(pc.fill_null(column, 1))

    if "s" in names:
        serials = numbers("s")
        return (serials + _EXCEL_EPOCH_DAYS).astype(np.int32), matched, (serials >= _EXCEL_SERIALS[0]) & (serials <= _EXCEL_SERIALS[1])
    years = numbers("y")
    if "YYYY" not in form:
        years = np.where(years >= year_pivot, years + 1900, years + 2000)
    if "n" in names:
        positions = pc.index_in(pc.utf8_lower(pc.struct_field(parts, "n")), pa.array(_MONTHS))
        months = np.asarray(pc.fill_null(positions, -1)).astype(np.int64) + 1
    else:
        months = numbers("m")
    monthdays = numbers("d") if "d" in names else np.ones(len(years), dtype=np.int64)
    return _civil(years, months, monthdays, matched)


def _civil(
    years: npt.NDArray[np.int64], months: npt.NDArray[np.int64], monthdays: npt.NDArray[np.int64], matched: Flags
) -> tuple[Days, Flags, Flags]:
    real = (years >= 1) & (months >= 1) & (months <= len(_MONTHS)) & (monthdays >= 1)
    firsts = ((np.where(real, years, 1970) - 1970) * 12 + np.where(real, months, 1) - 1).astype("datetime64[M]")
    starts = firsts.astype("datetime64[D]").astype(np.int64)
    ends = (firsts + 1).astype("datetime64[D]").astype(np.int64)
    days = starts + monthdays - 1
    return days.astype(np.int32), matched, real & (days < ends)
