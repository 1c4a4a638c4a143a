"""The legal public holidays of the United States, and counting days without them.

Source: 5 U.S.C. 6103(a). The list is the act's; 12 CFR 1006.34(b)(5) does not count these days, Saturdays and Sundays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import lru_cache

from duecourse.rules.conformance.vector import Unsupported

_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6
_JUNETEENTH_FROM = 2021
_FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
"""New Year's Day, Juneteenth, Independence Day, Veterans Day, Christmas Day: month and day."""
_FLOATING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))
"""Birthday of Martin Luther King, Washington's Birthday, Memorial Day, Labor Day, Columbus Day, Thanksgiving Day: month, weekday from
Monday as 0, which one of the month (-1 the last)."""


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """Return the legal public holidays of a year, each on its own day.

    Source: 5 U.S.C. 6103(a); Juneteenth since 2021.
    """
    fixed = {date(year, month, day) for month, day in _FIXED if (month, day) != (6, 19) or year >= _JUNETEENTH_FROM}
    return frozenset(fixed | {_nth_weekday(year, month, weekday=weekday, number=number) for month, weekday, number in _FLOATING})


def counted_days(after: date, until: date, *, holidays: Collection[date] | None = None) -> int:
    """Return how many days after `after`, up to and with `until`, are neither Saturday, Sunday nor a public holiday.

    Args:
        after: not counted itself.
        until: counted if it is a working day.
        holidays: those to leave out; None takes the act's own list.

    Raises:
        Unsupported: no holidays are given, and a Friday or Monday lies in between on which a holiday of a weekend is observed: the
            text speaks of the holidays of 6103(a), and whether a day observed in their stead counts is not said.
    """
    return sum(1 for day in _days(after, until) if day.weekday() not in (_SATURDAY, _SUNDAY) and not _is_holiday(day, given=holidays))


def _is_holiday(day: date, *, given: Collection[date] | None) -> bool:
    if given is not None:
        return day in given
    beside = {4: day + _DAY, 0: day - _DAY}.get(day.weekday())
    if beside is not None and beside in public_holidays(beside.year):
        raise Unsupported(f"whether {day}, on which the holiday of {beside} is observed, counts is not said; give federal_holidays")
    return day in public_holidays(day.year)


def _days(after: date, until: date) -> Iterator[date]:
    for offset in range((until - after).days):
        yield after + _DAY * (offset + 1)


def _nth_weekday(year: int, month: int, *, weekday: int, number: int) -> date:
    if number < 0:
        last = date(year + month // 12, month % 12 + 1, 1) - _DAY
        return last - _DAY * ((last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + _DAY * ((weekday - first.weekday()) % 7 + 7 * (number - 1))
