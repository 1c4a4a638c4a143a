"""From queries to pages of rows: filters that are there or not, an order, and where the page before ended.

A page begins behind the last row of the one before (its order's value and its key), so the thousandth page costs what the first does,
and rows that come or go meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from duecourse.ledger.selectors.rows import dicts

COUNT_MAX = 10_000
"""Rows are counted up to this number; beyond it 'more than' is the answer, because counting a million rows is not worth its time."""
STREAM_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A query that can be filtered, ordered and read page by page.

    Attributes:
        select: the columns, each with its name; nothing personal unless it is shortened.
        source: FROM and its joins.
        always: the condition that holds for every row; `%(creditor_id)s` is given.
        wheres: condition by name of a filter, with the filter's value as the text `%(name)s` that it casts itself.
        orders: expression by name of an order; it is never null.
        key: expression of the unique number that breaks ties.
    """

    select: str
    source: str
    always: str
    wheres: Mapping[str, str]
    orders: Mapping[str, str]
    key: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def known(self, filters: Mapping[str, str]) -> dict[str, str]:
        """Return the filters that this query knows and that say something."""
        return {name: value for name, value in filters.items() if name in self.wheres and value != ""}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows.

    Attributes:
        rows: the rows, each also with `page_order` and `page_key`.
        after: where the next page begins, as (order's value, key), or None on the last.
    """

    rows: list[dict[str, Any]]
    after: tuple[Any, int] | None


def page(
    query: PageQuery,
    *,
    creditor_id: int,
    order: str,
    filters: Mapping[str, str] | None = None,
    after: tuple[Any, int] | None = None,
    limit: int = 50,
    parameters: Mapping[str, Any] | None = None,
) -> Page:
    """Return the rows behind `after`, `order` being the name of an order, with `-` before it for the largest first.

    Raises:
        KeyError: the query has no such order.
        django.db.DataError: a filter's value cannot be read as what it is compared with.
    """
    name, is_descending = order.removeprefix("-"), order.startswith("-")
    expression, sign, way = query.orders[name], "<" if is_descending else ">", "DESC" if is_descending else "ASC"
    behind = f" AND ({expression}, {query.key}) {sign} (%(after_order)s, %(after_key)s)" if after else ""
    places = {"after_order": after[0], "after_key": after[1]} if after else {}
    rows = dicts(
        f"SELECT {query.select}, {expression} AS page_order, {query.key} AS page_key {query.source}"
        f" WHERE {_conditions(query, filters or {})}{behind} ORDER BY {expression} {way}, {query.key} {way} LIMIT %(page_limit)s",
        **_given(query, creditor_id, filters or {}, parameters or {}),
        **places,
        page_limit=limit + 1,
    )
    shown = rows[:limit]
    return Page(shown, (shown[-1]["page_order"], shown[-1]["page_key"]) if len(rows) > limit else None)


def page_count(
    query: PageQuery,
    *,
    creditor_id: int,
    filters: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    maximum: int | None = COUNT_MAX,
) -> int:
    """Return how many rows there are; one more than `maximum` stands for any number above it, None counts them all."""
    capped = "" if maximum is None else " LIMIT %(count_max)s"
    found = dicts(
        f"SELECT count(*) AS row_count FROM (SELECT 1 {query.source} WHERE {_conditions(query, filters or {})}{capped}) found",  # noqa: S608 the parts are the room's own text
        **_given(query, creditor_id, filters or {}, parameters or {}),
        **({} if maximum is None else {"count_max": maximum + 1}),
    )
    return int(found[0]["row_count"])


def page_stream(
    query: PageQuery,
    *,
    creditor_id: int,
    order: str,
    filters: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Yield all rows of a query in lists of at most `STREAM_ROWS`, so that memory stays flat whatever their number."""
    after: tuple[Any, int] | None = None
    while True:
        found = page(query, creditor_id=creditor_id, order=order, filters=filters, after=after, limit=STREAM_ROWS, parameters=parameters)
        if found.rows:
            yield found.rows
        after = found.after
        if after is None:
            return


def _conditions(query: PageQuery, filters: Mapping[str, str]) -> str:
    return " AND ".join([f"({query.always})", *(f"({query.wheres[name]})" for name in query.known(filters))])


def _given(query: PageQuery, creditor_id: int, filters: Mapping[str, str], parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {**query.parameters, **parameters, **query.known(filters), "creditor_id": creditor_id}
