"""Long tables: declared once as a `Listing`, shown as pages that filter, order, choose columns, and can be linked to.

Everything a reader chose stands in the address, so that a page can be bookmarked, sent and found again. `LISTINGS` knows every listing
by name, so that views of it can be saved and its rows exported.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db import DataError, ProgrammingError, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from duecourse.doors.console.kept import kept_of
from duecourse.kit.errors import DuecourseError
from duecourse.kit.money import parse_amount
from duecourse.ledger.selectors import Page, PageQuery, page, page_count
from duecourse.ledger.selectors.pages import COUNT_MAX
from duecourse.parties.access import Actor

Text = str | Promise
PAGE_ROWS = 50
PAGE_ROWS_MAX = 200
OWN_NAMES = frozenset({"order", "columns", "after", "rows", "view"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a listing.

    Attributes:
        key: of the row.
        label: its heading.
        kind: how its values are shown: text, code, count, money (in row["currency"]), percent, ratio, day, instant, word, badge or bool.
        order: name of the query's order it sorts by, '' for none.
        link: gives the address that a row's value leads to, or None.
        is_shown: whether it stands there before anybody chose.
        can_export: whether an export may hold it.
    """

    key: str
    label: Text
    kind: str = "text"
    order: str = ""
    link: Callable[[Mapping[str, Any]], str | None] | None = None
    is_shown: bool = True
    can_export: bool = True

    @property
    def is_number(self) -> bool:
        """Whether its values stand at the right."""
        return self.kind in {"count", "money", "percent", "ratio"}


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a listing.

    Attributes:
        key: name of the query's condition.
        label: what it is called.
        kind: text, date, number, money or choice.
        choices: gives the values and their words for an actor; makes it a choice.
        hint: shown inside the empty field.
    """

    key: str
    label: Text
    kind: str = "text"
    choices: Callable[[Actor], Sequence[tuple[str, Text]]] | None = None
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A long table.

    Attributes:
        name: its unique name, the key of saved views and exports.
        title: what it is called.
        query: where its rows come from.
        columns: in their order.
        filters: in their order; the first three are always visible, the others behind a button.
        order: the order before anybody chose.
        parameters: gives further parameters of the query for an actor.
        holds_personal: whether rows tell about persons, so that an export always needs a second person.
        roles: who may export it, empty for the whole side.
        for_agency: whether it belongs to the agency's side.
    """

    name: str
    title: Text
    query: PageQuery
    columns: tuple[Column, ...]
    order: str
    filters: tuple[Filter, ...] = ()
    parameters: Callable[[Actor], Mapping[str, Any]] = field(default=lambda _actor: {})
    holds_personal: bool = False
    roles: tuple[str, ...] = ()
    for_agency: bool = False

    def __post_init__(self) -> None:
        """Make the listing known by its name, and see that what it names is there."""
        known = LISTINGS.setdefault(self.name, self)
        if known is not self and known.query is not self.query:
            raise ValueError(f"two listings are called {self.name}")
        unknown = {item.key for item in self.filters} - set(self.query.wheres) | {self.order.removeprefix("-")} - set(self.query.orders)
        unknown |= {column.order for column in self.columns if column.order} - set(self.query.orders)
        if unknown:
            raise ValueError(f"listing {self.name} names {sorted(unknown)}, which its query does not know")


LISTINGS: dict[str, Listing] = {}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks of a listing: read from its address, nothing trusted.

    Attributes:
        filters: values by filter, in the form the query casts.
        typed: the same as they were typed, for the form.
        order: a known order.
        columns: keys of the columns to show, in the listing's order.
        after: where the page begins.
        row_count: rows on a page.
        problems: words about values that cannot be read, by filter.
    """

    filters: dict[str, str]
    typed: dict[str, str]
    order: str
    columns: tuple[str, ...]
    after: tuple[Any, int] | None
    row_count: int
    problems: dict[str, Text]

    def address(self, **changed: str) -> str:
        """Return the query string that asks the same, but for what is changed; '' takes something out."""
        given = {**self.typed, "order": self.order, **changed}
        return urlencode({name: value for name, value in given.items() if value})


def asked_of(listing: Listing, given: Mapping[str, str], *, currency: str) -> Asked:
    """Read what is asked of a listing from an address, a saved view or the request of an export; unreadable values count as not given."""
    typed = {item.key: given.get(item.key, "").strip()[:200] for item in listing.filters if given.get(item.key, "").strip()}
    filters: dict[str, str] = {}
    problems: dict[str, Text] = {}
    for item in listing.filters:
        if item.key in typed:
            value, problem = _read(item, typed[item.key], currency)
            if problem:
                problems[item.key] = problem
            else:
                filters[item.key] = value
    order = given.get("order", "")
    order = order if order.removeprefix("-") in listing.query.orders else listing.order
    chosen = [key for key in given.get("columns", "").split(",") if key]
    shown = tuple(column.key for column in listing.columns if (column.key in chosen if chosen else column.is_shown))
    rows = given.get("rows", "")
    row_count = min(int(rows), PAGE_ROWS_MAX) if rows.isascii() and rows.isdecimal() and len(rows) < 5 and int(rows) else PAGE_ROWS
    return Asked(filters, typed | ({"columns": ",".join(shown)} if chosen else {}), order, shown, _cursor(given), row_count, problems)


def listing_page(
    request: HttpRequest,
    listing: Listing,
    *,
    template: str = "console/listing.html",
    extra: Mapping[str, Any] | None = None,
    select: bool = False,
) -> HttpResponse:
    """Show a page of a listing; a request by htmx gets the table alone.

    Args:
        request: whose address says what is asked.
        listing: the long table.
        template: extends `console/listing.html`.
        extra: what the template needs beside the table.
        select: whether rows have check boxes named `ids`.
    """
    given = request.GET.dict()
    views, columns = kept_of(actor=request.actor, listing=listing.name)
    if columns:
        given.setdefault("columns", ",".join(columns))
    asked = asked_of(listing, given, currency=request.creditor.currency)
    found, asked = _found(request.actor, listing, asked)
    row_count = page_count(
        listing.query, creditor_id=request.actor.creditor_id, filters=asked.filters, parameters=listing.parameters(request.actor)
    )
    context = {
        "listing": listing,
        "asked": asked,
        "columns": [column for column in listing.columns if column.key in asked.columns],
        "heads": [_head(column, asked) for column in listing.columns if column.key in asked.columns],
        "rows": found.rows,
        "filters": [_shown_filter(item, asked, request.actor) for item in listing.filters],
        "active_count": len(asked.filters),
        "row_count": min(row_count, COUNT_MAX),
        "is_more": row_count > COUNT_MAX,
        "is_behind": asked.after is not None,
        "next_address": asked.address(after=cursor_text(found.after)) if found.after else "",
        "first_address": asked.address(),
        "select": select,
        "views": views,
        **(extra or {}),
    }
    htmx = getattr(request, "htmx", None)
    is_part = bool(htmx) and not htmx.boosted and not htmx.history_restore_request
    response = TemplateResponse(request, "console/listing_table.html" if is_part else template, context)
    response["Vary"] = "HX-Request"
    return response


def cursor_text(after: tuple[Any, int]) -> str:
    """Return where a page begins as text for an address."""
    value, key = after
    kind = {date: "d", datetime: "t", Decimal: "n", int: "i", float: "f", bool: "b"}.get(type(value), "s")
    text = value.isoformat() if kind in "dt" else str(int(value) if kind == "b" else value)
    return base64.urlsafe_b64encode(json.dumps([kind, text, key]).encode()).decode().rstrip("=")


def _cursor(given: Mapping[str, str]) -> tuple[Any, int] | None:
    text = given.get("after", "")[:600]
    if not text:
        return None
    readers: dict[str, Callable[[str], Any]] = {
        "d": date.fromisoformat,
        "t": datetime.fromisoformat,
        "n": Decimal,
        "i": int,
        "f": lambda value: json.loads(value) + 0.0,
        "b": lambda value: value == "1",
        "s": lambda value: str(value).encode().decode(),
    }
    try:
        kind, value, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return readers[kind](value), int(key)
    except (ValueError, KeyError, TypeError, ArithmeticError, binascii.Error):
        return None


def _found(actor: Actor, listing: Listing, asked: Asked) -> tuple[Page, Asked]:
    """Return the rows; an address that was tampered with begins again at the first page, without what cannot be read."""
    for attempt in (asked, replace(asked, after=None), replace(asked, after=None, filters={})):
        try:
            with transaction.atomic():
                found = page(
                    listing.query,
                    creditor_id=actor.creditor_id,
                    order=attempt.order,
                    filters=attempt.filters,
                    after=attempt.after,
                    limit=attempt.row_count,
                    parameters=listing.parameters(actor),
                )
        except DataError:
            continue
        except ProgrammingError:
            if attempt.after is None:
                raise
            continue
        return found, attempt
    return Page([], None), asked


def _read(item: Filter, typed: str, currency: str) -> tuple[str, Text]:
    """Return a typed value in the form that the query casts, and a problem or ''."""
    if "\x00" in typed:
        return "", _("This cannot be read.")
    if item.kind == "date":
        try:
            return date.fromisoformat(typed).isoformat(), ""
        except ValueError:
            return "", _("Write a day as 2026-09-30.")
    if item.kind == "number":
        digits = typed.replace(",", "")
        return (digits, "") if digits.removeprefix("-").isdecimal() and len(digits) < 10 else ("", _("Write a whole number."))
    if item.kind == "money":
        try:
            return str(parse_amount(typed, currency=currency)), ""
        except DuecourseError:
            return "", _("Write an amount as 1,234.56.")
    return typed, ""


def _head(column: Column, asked: Asked) -> dict[str, Any]:
    """Return what a heading needs: the address that sorts by it, and how it is sorted now."""
    if not column.order:
        return {"column": column, "address": "", "sorted": ""}
    is_now = asked.order.removeprefix("-") == column.order
    is_descending = asked.order.startswith("-")
    turned = column.order if is_now and is_descending else f"-{column.order}" if is_now or column.is_number else column.order
    sorted_now = ("descending" if is_descending else "ascending") if is_now else "none"
    return {"column": column, "address": asked.address(order=turned), "sorted": sorted_now}


def _shown_filter(item: Filter, asked: Asked, actor: Actor) -> dict[str, Any]:
    return {
        "filter": item,
        "value": asked.typed.get(item.key, ""),
        "choices": list(item.choices(actor)) if item.choices else None,
        "problem": asked.problems.get(item.key, ""),
        "input": {"date": "date", "number": "number"}.get(item.kind, "search"),
    }
