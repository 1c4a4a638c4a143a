"""Pages of rows in the order of their numbers: a cursor says after which number the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, Field

from duecourse.doors.api.problems import CursorUnreadable

LIMIT_MAX = 200
_MARK = b"after:"


def _in_utc(instant: datetime) -> datetime:
    """Return an instant in UTC: offsets that no clock on earth has are not known to the database."""
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
PRINTED = r"^[^\x00-\x1f]+$"
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTED)]


class Paging(Schema):
    """Which page is wanted, and of which rows."""

    cursor: Annotated[str | None, Field(None, max_length=64, description="`next_cursor` of the page before")]
    limit: Annotated[int, Field(50, ge=1, le=LIMIT_MAX)]
    ids: Annotated[str | None, Field(None, pattern=r"^[0-9]{1,18}(,[0-9]{1,18}){0,199}$", description="only these, separated by commas")]


class Changes(Paging):
    """The same, narrowed to what changed."""

    updated_since: Annotated[Instant | None, Field(None, description="only what has a step of its history since then")]


def page_of(found: QuerySet, *, paging: Paging, shape: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Return one page of a query: `items` in the order of their numbers, and `next_cursor`, null on the last page.

    Raises:
        CursorUnreadable: the cursor is none of ours.
    """
    if paging.ids is not None:
        found = found.filter(pk__in=[int(number) for number in paging.ids.split(",")])
    rows = list(found.filter(pk__gt=_after(paging.cursor)).order_by("pk")[: paging.limit + 1])
    more = len(rows) > paging.limit
    rows = rows[: paging.limit]
    return {"items": [shape(row) for row in rows], "next_cursor": _cursor(rows[-1].pk) if more else None}


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(_MARK + str(number).encode()).decode().rstrip("=")


def _after(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        mark, text = _split(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise CursorUnreadable from error
    if mark != _MARK or not text.isdigit() or len(text) > 18:
        raise CursorUnreadable
    return int(text)


def _split(plain: bytes) -> tuple[bytes, bytes]:
    return plain[: len(_MARK)], plain[len(_MARK) :]
