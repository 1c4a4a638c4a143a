"""Filters of the studio's templates: shares as percentages, and what stands in the way in the reader's language."""

from __future__ import annotations

import re

from django import template
from django.utils.translation import gettext, gettext_noop

from duecourse.doors.console.pages.studio.studio_forms import share_text

register = template.Library()
register.filter("share_text", share_text)

_OBSTACLES = tuple(
    (re.compile("^" + re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(text)) + "$"), text)
    for text in (
        gettext_noop("no signed version of its contract is in force"),
        gettext_noop("the agency is closed"),
        gettext_noop("its contract is in {own}, the cases are in {other}"),
        gettext_noop("its contract names fields that are never handed over: {fields}"),
        gettext_noop("its qualification {kind} is not valid"),
    )
)


@register.filter
def fine_percent(share: float | None) -> str:
    """Return a small share as a percentage with two decimals, or a dash."""
    return "–" if share is None else f"{share:.2%}"


@register.filter
def obstacle(reason: str) -> str:
    """Return what stands in the way of a publication in the reader's language; an unknown sentence stands for itself."""
    for pattern, text in _OBSTACLES:
        if found := pattern.match(reason):
            return gettext(text).format(**found.groupdict())
    return reason
