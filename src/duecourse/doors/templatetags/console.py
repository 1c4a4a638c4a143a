"""Filters of the console's templates: money, shares, words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils import timezone

from duecourse.doors import words
from duecourse.doors.console.navigation import Shown, sections
from duecourse.doors.console.tables import Column
from duecourse.kit.money import format_amount

register = template.Library()

register.filter("word", words.word)
register.filter("in_language", words.in_language)


@register.filter
def money(amount_minor: int | None, currency: str) -> str:
    """Return an amount of minor units for people, or a dash."""
    return "–" if amount_minor is None else format_amount(amount_minor, currency, lang="zh" if words.is_chinese() else "en")


@register.filter
def count(number: Any) -> str:
    """Return a whole number with its thousands set apart, or a dash."""
    return "–" if number in (None, "") else f"{number:,}"


@register.filter
def percent(share: float | None) -> str:
    """Return a share as a percentage with one decimal, or a dash."""
    return "–" if share is None else f"{share:.1%}"


@register.filter
def ratio(value: float | None) -> str:
    """Return a ratio with two decimals, or a dash."""
    return "–" if value is None else f"{value:.2f}"


@register.filter
def brief(digest: str) -> str:
    """Return the beginning of a hash; the whole stands in the title beside it."""
    return digest[:12]


@register.filter
def unlocalized(place: float) -> str:
    """Return a length of a figure with a decimal point in every language, for SVG attributes."""
    return f"{place:g}"


@register.filter
def add_place(place: float, more: float) -> float:
    """Return a place of a figure moved by a length."""
    return place + more


@register.filter
def reason_text(reason: Any) -> str:
    """Return why an agency cannot be ranked: a row with both languages, or a code."""
    return words.in_language(reason) if isinstance(reason, dict) else words.word(str(reason))


@register.filter
def day(value: date | None) -> str:
    """Return a day as 2026-09-30, or a dash."""
    return value.isoformat()[:10] if value else "–"


@register.filter
def instant(value: datetime | None) -> str:
    """Return an instant to the minute in the creditor's zone, or a dash."""
    return value.astimezone(timezone.get_current_timezone()).strftime("%Y-%m-%d %H:%M") if value else "–"


@register.filter
def may(actor: Any, roles: str) -> bool:
    """Say whether the actor holds one of the roles, given as `manager,compliance`."""
    return actor is not None and not actor.roles.isdisjoint(roles.split(","))


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> list[tuple[str, list[Shown]]]:
    """Return the sections to show."""
    request: HttpRequest | None = context.get("request")
    return sections(request) if request else []


@register.filter
def cell(row: dict[str, Any], column: Column) -> Any:
    """Return a row's value of a column in the form people read."""
    value = row.get(column.key)
    if column.kind == "money":
        return money(value, row["currency"])
    return _SHOWN.get(column.kind, _as_text)(value)


@register.filter
def cell_link(row: dict[str, Any], column: Column) -> str:
    """Return the address that a row's value leads to, or ''."""
    return (column.link(row) or "") if column.link else ""


def _as_text(value: Any) -> Any:
    return "–" if value in (None, "") else value


_SHOWN = {
    "count": count,
    "percent": percent,
    "ratio": ratio,
    "day": day,
    "instant": instant,
    "word": lambda value: words.word(str(value)) if value else "–",
    "badge": lambda value: words.word(str(value)) if value else "–",
    "bool": lambda value: "✓" if value else "–",
}
