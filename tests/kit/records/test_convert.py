"""Columns of texts to typed columns.

Propositions shown by Hypothesis:
1. The fast way for amounts equals `parse_amount` cell by cell, in value and in refusal, for every rounding and both separators.
2. The fast way for dates equals `date()` cell by cell.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from duecourse.kit.money import AmountUnreadable, parse_amount
from duecourse.kit.records.convert import AMOUNT_MAX, Column, read_amounts, read_column
from duecourse.kit.records.dates import compile_form, read_dates
from duecourse.kit.records.mapping import Mapping
from duecourse.kit.records.spec import Field

DIGITS = st.text("0123456789", min_size=1, max_size=16)
NUMBERS = st.builds(
    lambda sign, whole, point, fraction: sign + whole + point + fraction,
    st.sampled_from(["", "", "-", "+", "¥", "−"]),
    DIGITS | st.from_regex(r"[0-9]{1,3}([,.][0-9]{3}){1,5}", fullmatch=True),
    st.sampled_from([".", ",", ""]),
    st.text("0123456789", max_size=14),
)
CELLS = st.lists(NUMBERS | st.text("0123456789.,-+ 元eE", max_size=8) | st.none(), max_size=12)


@given(CELLS, st.sampled_from(["CNY", "JPY", "KWD"]), st.sampled_from(["half_even", "half_up", "down", "exact"]), st.booleans())
@example(["0.005", "0.015", "-0.025", "1,234.565", "99999999999999.99", "999999999999999.995"], "CNY", "half_even", False)
@example(["99999999999999.9999", "100,000,000,000,000", "99999999999999.999"], "KWD", "half_up", False)
def test_fast_amounts_equal_slow_amounts(cells: list[str | None], currency: str, rounding: str, continental: bool) -> None:
    """Proposition 1."""
    thousands, decimal = (".", ",") if continental else (",", ".")
    forms = {"currency": currency, "rounding": rounding, "thousands": thousands, "decimal": decimal}
    expected: int | None
    values, errors = read_amounts(pa.array(cells, pa.string()), **forms)  # type: ignore[arg-type]
    for index, (cell, value) in enumerate(zip(cells, values.to_pylist(), strict=True)):
        if cell is None:
            assert value is None
            continue
        try:
            expected = parse_amount(cell, **forms)  # type: ignore[arg-type]
        except AmountUnreadable as error:
            expected, reason = None, error.parameters["reason"]
        else:
            expected, reason = (expected, "") if abs(expected) < AMOUNT_MAX else (None, "it is too large")
        assert value == expected
        assert (errors[index].parameters["reason"] if index in errors else "") == reason


@example([(0, 1, 1), (1, 1, 1)], "YYYY-MM-DD")
@given(
    st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32)), min_size=1, max_size=20),
    st.sampled_from(["YYYY-MM-DD", "YYYYMMDD", "YYYY年M月D日"]),
)
def test_fast_dates_equal_slow_dates(parts: list[tuple[int, int, int]], form: str) -> None:
    """Proposition 2, impossible days flagged as such."""
    texts = [
        form.replace("YYYY", f"{y:04d}").replace("MM", f"{m:02d}").replace("DD", f"{d:02d}").replace("M", str(m)).replace("D", str(d))
        for y, m, d in parts
    ]
    values, unread, impossible = read_dates(pa.array(texts), forms=("YYYY/M/D", form), year_pivot=69)
    assert not unread.any()
    for (y, m, d), value, wrong in zip(parts, values.to_pylist(), impossible, strict=True):
        try:
            expected: date | None = date(y, m, d)
        except ValueError:
            expected = None
        assert value == expected
        assert wrong == (expected is None)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("15-Dec", "YY-Mon", date(2015, 12, 1)),
        ("3-AUG", "YY-Mon", date(2003, 8, 1)),
        ("69-Jan", "YY-Mon", date(1969, 1, 1)),
        ("Dec-2015", "Mon-YYYY", date(2015, 12, 1)),
        ("31.12.2026", "DD.MM.YYYY", date(2026, 12, 31)),
        ("２０２６-０５-０１", "YYYY-MM-DD", date(2026, 5, 1)),
        ("46143", "excel", date(2026, 5, 1)),
        ("46143.0", "excel", date(2026, 5, 1)),
        ("2024-02-29", "YYYY-MM-DD", date(2024, 2, 29)),
        ("0001-01-01", "YYYY-MM-DD", date(1, 1, 1)),
    ],
)
def test_date_forms(text: str, form: str, expected: date) -> None:
    """The forms senders use."""
    values, unread, impossible = read_dates(pa.array([text, None, "x"]), forms=(form,), year_pivot=69)
    assert values.to_pylist() == [expected, None, None]
    assert unread.tolist() == [False, False, True]
    assert not impossible.any()


@pytest.mark.parametrize("form", ["", "MM-DD", "YYYY", "YYYY-MM-MM", "today"])
def test_forms_that_are_no_dates(form: str) -> None:
    """A form needs a year and a month, each once."""
    with pytest.raises(ValueError, match="not a date form"):
        compile_form(form)


def typed(field: Field, texts: list[str | None], **forms: object) -> tuple[list[object], list[tuple[int, str]]]:
    """Return values and (row, code) of the problems."""
    mapping = Mapping(name="m", record="r", **forms)  # type: ignore[arg-type]
    column = Column(field, "c", np.arange(1, len(texts) + 1), mapping)
    values = read_column(column, pa.array(texts, pa.string()), currency="CNY").to_pylist()
    return values, [(problem.row, problem.code) for problem in column.problems]


def test_whole_numbers() -> None:
    """Signs, thousands, full-width digits and a zero fraction are whole numbers; halves, words and huge ones are not."""
    texts = ["5", "-5", "+5", "1,234", "１２", "7.00", None, "1.5", "x", "9" * 18, "1,23"]
    values, problems = typed(Field(name="n", type="integer"), texts)
    assert values == [5, -5, 5, 1234, 12, 7, None, None, None, None, None]
    assert problems == [(row, "IntegerUnreadable") for row in (8, 9, 10, 11)]


def test_instants_beyond_the_calendar_are_refused() -> None:
    """The year 0 and the last day of 9999, which no calendar of the platform can show in every zone, are problems, not crashes."""
    texts = ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59-08:00", "9999-12-29T00:00:00Z"]
    values, problems = typed(Field(name="at", type="instant"), texts)
    assert values[:2] == [None, None]
    assert values[2] is not None
    assert problems == [(1, "InstantUnreadable"), (2, "InstantUnreadable")]


def test_instants_need_an_offset_or_a_zone() -> None:
    """An offset decides; without one the mapping's zone does; without either the cell is a problem, and so is a 13th month."""
    texts = ["2026-05-01T09:30:00+08:00", "2026-05-01 01:30:00Z", "2026-05-01 09:30", "2026-13-01 09:30", None, "2026-05-01"]
    values, problems = typed(Field(name="at", type="instant"), texts, zone="Asia/Shanghai")
    assert [value and value.isoformat() for value in values] == ["2026-05-01T01:30:00+00:00"] * 3 + [
        None,
        None,
        "2026-04-30T16:00:00+00:00",
    ]  # type: ignore[attr-defined]
    assert problems == [(4, "InstantUnreadable")]
    assert typed(Field(name="at", type="instant"), texts)[1] == [(row, "InstantUnreadable") for row in (3, 4, 6)]
