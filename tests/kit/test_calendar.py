"""Calendar.

Propositions shown by Hypothesis:
1. The bounds of a local day enclose exactly the instants whose local day it is, also across daylight-saving changes.
2. Months forward and back return to the same month; `refuse` never changes the day.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kit import calendar as cal
from duecourse.kit.calendar import CalendarUnknown, CalendarUnreadable, HolidayCalendar, Month

ZONES = st.sampled_from(["Asia/Shanghai", "America/Sao_Paulo", "America/Havana", "Europe/Berlin", "Asia/Urumqi", "UTC"])
DAYS = st.dates(date(1990, 1, 1), date(2037, 12, 30))


def test_the_national_day_week_of_2026() -> None:
    """Source: State Council notice for 2026: 1 to 7 October free, Sunday 20 September and Saturday 10 October worked."""
    china = cal.china()
    assert not any(china.is_working_day(date(2026, 10, day)) for day in range(1, 8))
    assert china.is_working_day(date(2026, 9, 20))
    assert china.is_working_day(date(2026, 10, 10))
    assert china.next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert not china.is_working_day(date(2026, 10, 11))


def test_rolling_rules() -> None:
    """Saturday 31 October 2026 goes forward to Monday, back to Friday, and within the month only back."""
    saturday = date(2026, 10, 31)
    rolled = {rule: cal.china().roll(saturday, rule) for rule in ("following", "preceding", "modified_following", "none")}
    friday = date(2026, 10, 30)
    assert rolled == {"following": date(2026, 11, 2), "preceding": friday, "modified_following": friday, "none": saturday}
    assert cal.china().roll(friday) == friday


def test_an_unknown_year_is_refused_unless_told_otherwise() -> None:
    """A year without holidays in the table raises, naming the year; `beyond: weekends` says Saturday and Sunday only."""
    year = max(cal.china().years) + 1
    with pytest.raises(CalendarUnknown, match=str(year)):
        cal.china().is_working_day(date(year, 6, 1))
    lenient = HolidayCalendar(name="lenient", beyond="weekends")
    assert lenient.is_working_day(date(2040, 6, 1))
    assert not lenient.is_working_day(date(2040, 6, 2))


def test_yaml_round_trip_and_merge(tmp_path: Path) -> None:
    """A written calendar reads back equal, and a merged year adds to it; the later file wins."""
    path = tmp_path / "china.yaml"
    cal.china().to_yaml(path)
    assert HolidayCalendar.from_yaml(path) == cal.china()
    path.write_text("name: 2027\nyears: [2027]\n", encoding="utf-8")
    with pytest.raises(CalendarUnreadable):
        HolidayCalendar.from_yaml(path)
    path.write_text(
        "name: next\nyears: [2027]\nholidays: {2027-01-01: 元旦, 2026-10-10: 调休}\nworking_days: [2027-01-02]\n", encoding="utf-8"
    )
    merged = cal.china().merge(HolidayCalendar.from_yaml(path))
    assert not merged.is_working_day(date(2027, 1, 1))
    assert merged.is_working_day(date(2027, 1, 2))
    assert not merged.is_working_day(date(2026, 10, 10))
    assert cal.china().is_working_day(date(2026, 10, 10))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "name: x\nholidays: [2026-01-01]",
        "name: x\nyears: ['2026']",
        "name: x\nworking_days: {a: b}",
        "name: x\nbeyond: guess",
        "name: x\nfestivals: {}",
        "name: x\nholidays: {2026-01-01: a}\nworking_days: [2026-01-01]",
        "name: [",
        "name: x\nholidays: {soon: a}",
    ],
)
def test_broken_calendar_files_are_refused(tmp_path: Path, text: str) -> None:
    """Wrong shapes and contradictions give one clear error."""
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CalendarUnreadable):
        HolidayCalendar.from_yaml(path)


def test_month_arithmetic_names_its_rounding() -> None:
    """31 January and 28 February plus a month under each rounding."""
    january, february = date(2026, 1, 31), date(2026, 2, 28)
    assert cal.add_months(january, 1) == cal.add_months(january, 1, rounding="down") == february
    assert cal.add_months(february, 1) == date(2026, 3, 31)
    assert cal.add_months(february, 1, rounding="down") == date(2026, 3, 28)
    assert cal.add_months(february, 1, rounding="refuse") == date(2026, 3, 28)
    assert cal.add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    with pytest.raises(cal.DayDoesNotExist):
        cal.add_months(january, 1, rounding="refuse")


@given(DAYS, st.integers(-400, 400))
def test_months_there_and_back(day: date, count: int) -> None:
    """Proposition 2."""
    month = Month.of(day)
    assert month.plus(count).plus(-count) == month
    assert month.next().previous() == month
    assert Month.parse(str(month)) == month
    assert month.first <= day <= month.last
    assert month.last + timedelta(days=1) == month.next().first
    assert cal.month_bounds(str(month)) == (month.first, month.last)
    try:
        assert cal.add_months(day, count, rounding="refuse").day == day.day
    except cal.DayDoesNotExist:
        assert month.plus(count).last.day < day.day


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-01", "2026/01", "", "0000-01", "２０２６-01", "2026-01-01"])
def test_months_that_are_refused(text: str) -> None:
    """Only YYYY-MM is a month."""
    with pytest.raises(cal.MonthUnreadable):
        Month.parse(text)


@given(DAYS, ZONES)
def test_a_day_holds_exactly_its_instants(day: date, zone: str) -> None:
    """Proposition 1."""
    start, end = cal.day_bounds(day, zone)
    instant = timedelta(microseconds=1)
    assert cal.local_day(start, zone) == cal.local_day(end - instant, zone) == day
    assert cal.local_day(start - instant, zone) == day - timedelta(days=1)
    assert end == cal.day_bounds(day + timedelta(days=1), zone)[0]
    assert timedelta(hours=23) <= end - start <= timedelta(hours=25)


def test_shanghai_midnight_and_unknown_zones() -> None:
    """16:00 UTC is tomorrow in Shanghai; a made-up zone and a naive instant are refused."""
    assert cal.local_day(datetime(2026, 5, 1, 16, tzinfo=UTC), "Asia/Shanghai") == date(2026, 5, 2)
    assert cal.day_bounds(date(2026, 5, 2), "Asia/Shanghai")[0] == datetime(2026, 5, 1, 16, tzinfo=UTC)
    for name in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(cal.UnknownZone):
            cal.zone(name)
    with pytest.raises(ValueError, match="aware"):
        cal.local_day(datetime(2026, 5, 1), "UTC")  # noqa: DTZ001


@given(DAYS, st.integers(0, 1439), ZONES | st.sampled_from(["Pacific/Kiritimati", "Etc/GMT+12"]))
def test_days_anywhere_hold_the_local_day_of_every_zone(day: date, minute: int, zone: str) -> None:
    """The local day of an instant lies between the first and the last day, in the farthest zones too, and the two are at most two days apart."""
    at = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=UTC)
    first, last = cal.days_anywhere(at, at)
    assert first <= cal.local_day(at, zone) <= last
    assert last - first <= timedelta(days=2)
