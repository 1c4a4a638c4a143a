"""Filters of the console's templates: money, shares, words."""

from __future__ import annotations

from typing import Any

from django import template

from duecourse.doors import words
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
def reason_text(reason: Any) -> str:
    """Return why an agency cannot be ranked: a row with both languages, or a code."""
    return words.in_language(reason) if isinstance(reason, dict) else words.word(str(reason))
