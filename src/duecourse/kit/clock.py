"""The one clock: the only place in the house that asks what time it is.

Business code takes `as_of: date` as an argument. Doors and services that need an instant call `now()`; tests and the simulated
world set it with `frozen(...)`, which holds for the current thread of control only (a context variable).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from time import perf_counter

_fixed: ContextVar[datetime | None] = ContextVar("duecourse_clock", default=None)


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)


def stopwatch() -> float:
    """Return seconds of a monotonic clock, for measuring durations only."""
    return perf_counter()


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Make `now()` answer `instant` inside the block.

    Raises:
        ValueError: the instant is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("A frozen clock needs an aware instant.")
    token = _fixed.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
