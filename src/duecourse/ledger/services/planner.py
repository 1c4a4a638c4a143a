"""Telling the database's planner what a bulk write has changed."""

from __future__ import annotations

from django.db import connection

BULK_ROWS = 1_000
"""From this many rows on a write is worth a look at the tables it filled."""


def statistics_refresh(*tables: str, row_count: int) -> None:
    """Refresh the planner's statistics of tables that this transaction has filled with `row_count` rows.

    A table that was just filled looks empty to the planner, which then joins it row by row. Small writes are passed over. Call it inside
    `acting`, by the creditor's side.
    """
    if row_count >= BULK_ROWS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT gate.analyse(%s)", [list(tables)])
