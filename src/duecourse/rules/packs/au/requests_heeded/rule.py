"""A debtor who asks for other or narrower times is heeded.

RG 96, section 4; it may be varied after reasonable efforts at the requested times have failed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact goes against a request that has not proved useless."""
    is_declined = (facts.is_channel_declined == 1) | (facts.is_place_declined == 1)
    is_unwanted = (facts.is_against_request == 1) | is_declined
    return is_unwanted & (facts.has_requested_way_failed == 0) & (values.is_barred == 1)
