"""Days, months, zones and working days.

A business date is a `date` of the creditor's zone. Working days come from a `HolidayCalendar`: public holidays, and the Saturdays
and Sundays that are worked to make up for them. A year the calendar has not been told about is refused, not guessed.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import yaml

from duecourse.kit.errors import InvalidInput

RollRule = Literal["following", "preceding", "modified_following", "none"]
MonthRounding = Literal["end_of_month", "down", "refuse"]
Beyond = Literal["refuse", "weekends"]

_HORIZON_DAYS = 60
_FARTHEST_WEST, _FARTHEST_EAST = timedelta(hours=16), timedelta(hours=16)
_SATURDAY = 5
_MONTHS = 12


class CalendarUnknown(InvalidInput):
    """A working day was asked for in a year whose holidays are not in the calendar."""

    what = "The calendar {name} does not know the holidays of {year}."
    why = "It knows {known}; a guessed holiday would move deadlines and contact days."
    todo = "Add the year's holidays and make-up working days to the calendar file."


class CalendarUnreadable(InvalidInput):
    """A calendar file does not have the documented form."""

    what = "The calendar file cannot be read: {reason}."
    todo = "Compare it with the form in the documentation of HolidayCalendar."


class UnknownZone(InvalidInput):
    """The name is not in the IANA time zone database."""

    what = "The time zone {zone} is not known."
    todo = "Use an IANA name, for example Asia/Shanghai."


class MonthUnreadable(InvalidInput):
    """A text is not a month."""

    what = "The month cannot be read."
    todo = "Write it as YYYY-MM, for example 2026-05."


class DayDoesNotExist(InvalidInput):
    """Month arithmetic arrived at a day that the month does not have, and the caller asked for refusal."""

    what = "{day} plus {count} months has no such day."
    todo = "Choose a rounding for month arithmetic."


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """Public holidays, make-up working days, and the years they are complete for.

    The YAML form has the keys `name`, `years` (list), `holidays` (date → name), `working_days` (list of dates) and, optionally,
    `beyond` (`refuse`, the default, or `weekends`: outside the known years only Saturday and Sunday are free).

    Attributes:
        name: what errors call it.
        holidays: days nobody works, with the holiday's name.
        working_days: Saturdays and Sundays (or holidays) that are worked.
        years: years for which the two are complete.
        beyond: what holds outside those years.
    """

    name: str
    holidays: Mapping[date, str] = field(default_factory=dict)
    working_days: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()
    beyond: Beyond = "refuse"

    def is_working_day(self, day: date) -> bool:
        """Say whether the day is worked.

        Raises:
            CalendarUnknown: the year is not known and `beyond` is `refuse`.
        """
        if day.year not in self.years and self.beyond == "refuse":
            known = f"{min(self.years)} to {max(self.years)}" if self.years else "no year"
            raise CalendarUnknown(name=self.name, year=day.year, known=known)
        if day in self.working_days:
            return True
        return day not in self.holidays and day.weekday() < _SATURDAY

    def next_working_day(self, day: date) -> date:
        """Return the first working day after `day`.

        Raises:
            CalendarUnknown: the search leaves the known years.
        """
        return self._seek(day + timedelta(days=1), 1)

    def roll(self, day: date, rule: RollRule = "following") -> date:
        """Return `day` if it is worked or the rule is `none`, else the working day the rule names.

        `modified_following` goes forward unless that leaves the month, then back.

        Raises:
            CalendarUnknown: the search leaves the known years.
        """
        if rule == "none":
            return day
        rolled = self._seek(day, -1 if rule == "preceding" else 1)
        if rule == "modified_following" and (rolled.year, rolled.month) != (day.year, day.month):
            return self._seek(day, -1)
        return rolled

    def merge(self, other: HolidayCalendar) -> HolidayCalendar:
        """Return this calendar with the other's days and years; where both speak of a day, the other one wins."""
        holidays = {day: name for day, name in self.holidays.items() if day not in other.working_days} | dict(other.holidays)
        working = {day for day in self.working_days if day not in other.holidays} | other.working_days
        return replace(self, holidays=holidays, working_days=frozenset(working), years=self.years | other.years, beyond=other.beyond)

    @classmethod
    def from_yaml(cls, path: Path) -> HolidayCalendar:
        """Read a calendar file.

        Raises:
            CalendarUnreadable: it is not YAML of the documented form.
        """
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise CalendarUnreadable(reason=f"not YAML ({type(error).__name__})") from error
        return cls._from_document(document)

    def to_yaml(self, path: Path) -> None:
        """Write the calendar so that `from_yaml` gives an equal one."""
        document = {
            "name": self.name,
            "beyond": self.beyond,
            "years": sorted(self.years),
            "holidays": dict(sorted(self.holidays.items())),
            "working_days": sorted(self.working_days),
        }
        path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")

    @classmethod
    def _from_document(cls, document: object) -> HolidayCalendar:
        if not isinstance(document, dict) or not isinstance(document.get("name"), str):
            raise CalendarUnreadable(reason="it needs a name")
        unknown = sorted(str(key) for key in set(document) - {"name", "beyond", "years", "holidays", "working_days"})
        holidays, working, years = document.get("holidays") or {}, document.get("working_days") or [], document.get("years") or []
        if unknown:
            raise CalendarUnreadable(reason=f"unknown keys {', '.join(unknown)}")
        if not isinstance(holidays, dict) or not all(type(day) is date for day in holidays):
            raise CalendarUnreadable(reason="holidays must map dates to names")
        if not isinstance(working, list) or not all(type(day) is date for day in working):
            raise CalendarUnreadable(reason="working_days must be a list of dates")
        if not isinstance(years, list) or not all(type(year) is int for year in years):
            raise CalendarUnreadable(reason="years must be a list of years")
        beyond = document.get("beyond", "refuse")
        if beyond not in ("refuse", "weekends"):
            raise CalendarUnreadable(reason="beyond must be refuse or weekends")
        both = sorted(set(holidays) & set(working))
        if both:
            raise CalendarUnreadable(reason=f"{both[0]} is both a holiday and a working day")
        names = {day: str(name) for day, name in holidays.items()}
        return cls(name=document["name"], holidays=names, working_days=frozenset(working), years=frozenset(years), beyond=beyond)

    def _seek(self, day: date, step: int) -> date:
        for _ in range(_HORIZON_DAYS):
            if self.is_working_day(day):
                return day
            day += timedelta(days=step)
        raise CalendarUnreadable(reason=f"{_HORIZON_DAYS} days in a row without a working day near {day}")


@cache
def china() -> HolidayCalendar:
    """Return mainland China's calendar: statutory holidays, days in lieu and make-up working days.

    Source: the State Council's yearly notices as collected by the `chinesecalendar` package; a year is known when the package has it.
    """
    from chinese_calendar import constants

    holidays = {day: str(name) for day, name in constants.holidays.items()}
    years = frozenset(day.year for day in holidays)
    return HolidayCalendar(name="china", holidays=holidays, working_days=frozenset(constants.workdays), years=years)


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month, ordered in time; `str` gives YYYY-MM."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read YYYY-MM.

        Raises:
            MonthUnreadable: it is anything else.
        """
        found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text)
        if not found or not 1 <= int(found[2]) <= _MONTHS or int(found[1]) < 1:
            raise MonthUnreadable
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """Return the month the day lies in."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """The last day."""
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def next(self) -> Month:
        """Return the month after."""
        return self.plus(1)

    def previous(self) -> Month:
        """Return the month before."""
        return self.plus(-1)

    def plus(self, count: int) -> Month:
        """Return the month `count` months later (earlier when negative)."""
        year, index = divmod(self.year * 12 + self.month - 1 + count, 12)
        return Month(year, index + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def month_bounds(text: str) -> tuple[date, date]:
    """Return the first and the last day of a month written YYYY-MM.

    Raises:
        MonthUnreadable: it is not a month.
    """
    month = Month.parse(text)
    return month.first, month.last


def add_months(day: date, count: int, *, rounding: MonthRounding = "end_of_month") -> date:
    """Return the day `count` months later (earlier when negative).

    Args:
        day: the day to start from.
        count: months, any sign.
        rounding: `down` keeps the day of the month, or takes the last day when the month is shorter (28 Feb + 1 = 28 Mar);
            `end_of_month` does the same but the last day of a month stays a last day (28 Feb + 1 = 31 Mar);
            `refuse` raises when the month is shorter.

    Raises:
        DayDoesNotExist: the month is shorter and `rounding` is `refuse`.
    """
    target = Month.of(day).plus(count)
    if rounding == "end_of_month" and day == Month.of(day).last:
        return target.last
    if day.day <= target.last.day:
        return day.replace(year=target.year, month=target.month)
    if rounding == "refuse":
        raise DayDoesNotExist(day=day.isoformat(), count=count)
    return target.last


@cache
def zone(name: str) -> ZoneInfo:
    """Return the IANA zone of that name.

    Raises:
        UnknownZone: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownZone(zone=repr(name)[:64]) from error


def local_day(instant: datetime, zone_name: str | ZoneInfo) -> date:
    """Return the business date of an aware instant in a zone.

    Raises:
        UnknownZone: the zone is not known.
        ValueError: the instant is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("A local day needs an aware instant.")
    return instant.astimezone(_zone(zone_name)).date()


def days_anywhere(low: datetime, high: datetime) -> tuple[date, date]:
    """Return the first and the last day on which an instant of [low, high] lies in any zone on earth.

    What is stored by local day is looked for between the two, so that months beside them are not looked into. At the ends of the calendar
    they are its first and its last day.
    """
    return _day_at(low, -_FARTHEST_WEST, beyond=date.min), _day_at(high, _FARTHEST_EAST, beyond=date.max)


def _day_at(instant: datetime, shift: timedelta, *, beyond: date) -> date:
    try:
        return (instant.astimezone(UTC) + shift).date()
    except OverflowError:
        return beyond


def day_bounds(day: date, zone_name: str | ZoneInfo) -> tuple[datetime, datetime]:
    """Return the half-open interval [start, end) of a local day, as instants in UTC; it may last 23 or 25 hours.

    Raises:
        UnknownZone: the zone is not known.
    """
    tz = _zone(zone_name)
    start = datetime.combine(day, time(), tzinfo=tz).astimezone(UTC)
    return start, datetime.combine(day + timedelta(days=1), time(), tzinfo=tz).astimezone(UTC)


def _zone(zone_name: str | ZoneInfo) -> ZoneInfo:
    return zone(zone_name) if isinstance(zone_name, str) else zone_name
