"""Filters of the pages about cases and money: amounts with their sign, rates in basis points."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse

from duecourse.doors.console import stories
from duecourse.kit.money import plain_amount

register = template.Library()

register.filter("local", stories.local_instant)


@register.filter
def figure(amount_minor: int | None, currency: str) -> str:
    """Return an amount without its currency, for a table whose heading names it: 1,234.56."""
    if amount_minor is None:
        return "–"
    whole, point, rest = plain_amount(abs(amount_minor), currency).partition(".")
    return f"{'−' if amount_minor < 0 else ''}{int(whole):,}{point}{rest}"


@register.filter
def signed(amount_minor: int | None, currency: str) -> str:
    """Return an amount with a plus where it adds, so that a column reads as a sum; nothing at all is a dash."""
    if not amount_minor:
        return "–"
    text = figure(amount_minor, currency)
    return f"+{text}" if amount_minor > 0 else text


@register.filter
def basis_points(rate_bp: int | None) -> str:
    """Return a rate of basis points as a percentage with two decimals, or a dash."""
    return "–" if rate_bp is None else f"{'-' if rate_bp < 0 else ''}{abs(rate_bp) // 100}.{abs(rate_bp) % 100:02d}%"


@register.simple_tag
def move_address(case_id: Any) -> str:
    """Return where a case is extended, returned or recalled: the desk of moves with the case chosen, '' where there is none."""
    try:
        return f"{reverse('move-new')}?case={case_id}"
    except NoReverseMatch:
        return ""
