"""Two people at one form: nobody overwrites what the other saved without seeing it.

A form carries, signed, the values it was filled with. When it comes back they are held against the values of now; where somebody else
changed them meanwhile, the page shows three columns: what was seen, what is there now, what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core import signing

from duecourse.kit.errors import InvalidInput

_SALT = "duecourse.seen"


class SeenUnreadable(InvalidInput):
    """The hidden part of a form that says what its reader saw is missing or not ours."""

    what = "The form cannot be read any more."
    why = "The part that says what was on the page when it was opened is missing or was changed."
    todo = "Open the page again and repeat the change."


@dataclass(frozen=True, slots=True)
class Change:
    """A field that somebody else changed while the form was open.

    Attributes:
        field: its name.
        seen: its value when the form was opened.
        now: its value of now.
        typed: what this person wants.
    """

    field: str
    seen: Any
    now: Any
    typed: Any


def seal_of(values: Mapping[str, Any]) -> str:
    """Return values as signed text for the hidden field `seen`; they are readable to who has the page, so nothing hidden belongs there."""
    return signing.dumps({name: _plain(value) for name, value in values.items()}, salt=_SALT, compress=True)


def changes(seen: str, current: Mapping[str, Any], typed: Mapping[str, Any]) -> list[Change]:
    """Return what somebody else changed since the form was opened, but for what both changed to the same.

    Raises:
        SeenUnreadable: `seen` is not what `seal_of` gave.
    """
    try:
        before = signing.loads(seen, salt=_SALT)
    except signing.BadSignature as error:
        raise SeenUnreadable from error
    found = []
    for name, value in current.items():
        now, wanted = _plain(value), _plain(typed.get(name))
        if name in before and before[name] != now and wanted != now:
            found.append(Change(name, before[name], now, wanted))
    return found


def _plain(value: Any) -> Any:
    """Return a value as JSON gives it back, so that what was seen and what is there now are compared alike."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
