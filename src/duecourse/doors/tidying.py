"""What has a time is gone when the time is over: files that left as exports, and files that were sent to be looked at. Months begin in time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import connection

from duecourse.contact.services import partitions_ahead, violations_sum
from duecourse.kit.errors import DuecourseError
from duecourse.parties.access import acting, system
from duecourse.parties.selectors import creditors
from duecourse.parties.services import exports_expire
from duecourse.portfolio.services import uploads_expire

TIDY_EVERY_SECONDS = 600
_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


def tidy_all() -> int:
    """Destroy what has lapsed, of every creditor, and return how many files and requests; a failure is logged and tried again later.

    Before, the months to come are given their place among the permits; after, days gone by that the violations board shows are counted, some
    at a time.
    """
    _tried(partitions_ahead)
    return sum(_tried(partial(_tidy, creditor.pk)) or 0 for creditor in _tried(creditors) or ())


def _tidy(creditor_id: int) -> int:
    actor = system(creditor_id)
    lapsed_count = exports_expire(actor=actor)
    with acting(actor):
        lapsed_count += uploads_expire(creditor_id=creditor_id)
    violations_sum(actor=actor)
    return lapsed_count


def _tried(step: Callable[[], _Result]) -> _Result | None:
    """Do one step, and return None where it failed: what keeps one creditor from being tidied keeps no other."""
    try:
        return step()
    except (DatabaseError, DuecourseError):
        _log.exception("Tidying failed; it is tried again in %s seconds.", TIDY_EVERY_SECONDS)
        if not connection.in_atomic_block:
            connection.close()
        return None
