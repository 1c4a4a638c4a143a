"""Making the months in which permits and attempts are stored, ahead of the rows."""

from __future__ import annotations

import logging
from datetime import date

from django.db import OperationalError, connection, transaction

from duecourse.kit.clock import now

_BUSY = {"55P03", "40P01"}
"""SQLSTATE of a lock that was not granted in time, and of a deadlock."""
_log = logging.getLogger(__name__)


def partitions_ahead(*, on: date | None = None) -> list[date]:
    """Make the months that are missing: a day's, the three after it, and those of which the default holds rows, which are moved.

    The platform's, for all creditors. Each month is a transaction of its own. It waits half a second at most for a table that others hold; what
    could not be made then is made by the next call. Afterwards the planner's statistics of both tables are refreshed, once a day.

    Args:
        on: the day, today by default.

    Returns:
        the first days of the months that this call has made.

    Guarantees: doing it again does nothing; of two at once one makes a month and the other finds it made; no row is lost or seen twice.
    """
    made: list[date] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM gate.contact_months(%s)", [on or now().date()])
        for (month,) in cursor.fetchall():
            if _is_made(month):
                made.append(month)
        cursor.execute("SELECT gate.contact_statistics()")
    return made


def _is_made(month: date) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT gate.contact_month(%s)", [month])
            return bool(cursor.fetchone()[0])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) not in _BUSY:
            raise
        _log.info("The month %s could not be made while its tables were in use; it is tried again.", month)
        return False
