"""Filters of the workbench's templates."""

from __future__ import annotations

from django import template

from duecourse.kit.money import BASIS_POINTS

register = template.Library()


@register.filter
def basis(rate_bp: int | None) -> str:
    """Return a rate of basis points as a percentage with one decimal, or a dash."""
    return "–" if rate_bp is None else f"{rate_bp / BASIS_POINTS:.1%}"


@register.filter
def slots(limit_count: int, held_count: int) -> list[str]:
    """Return one mark per call of the day: `used` or `free`."""
    return ["used" if place < held_count else "free" for place in range(min(limit_count, 20))]
