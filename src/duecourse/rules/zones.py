"""Which names of zones a log may use: those that Python and DuckDB both know, written as the IANA list writes them."""

from __future__ import annotations

from functools import cache, lru_cache
from zoneinfo import available_timezones

import duckdb

ZONES_MAX = 12
"""In how many zones one debtor may be at most."""
_NO_PLACE = frozenset({"Factory", "localtime"})


@cache
def zone_names() -> frozenset[str]:
    """Return every name of a zone that a log may use.

    The variants that count leap seconds (`right/…`) and the second spellings of a system's folder (`posix/…`) are not among them, nor is
    the zone of the machine.
    """
    with duckdb.connect() as connection:
        known = {str(name) for (name,) in connection.execute("SELECT name FROM pg_timezone_names()").fetchall()}
    return frozenset((known & available_timezones()) - _NO_PLACE)


@lru_cache(maxsize=4096)
def is_usable(names: str) -> bool:
    """Say whether each of these names, joined by `|`, is one of `zone_names` to the letter, and they are not more than `ZONES_MAX`."""
    found = names.split("|", ZONES_MAX)
    return len(found) <= ZONES_MAX and all(name in zone_names() for name in found)
