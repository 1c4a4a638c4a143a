"""A call that does not connect to the number dialled is left out of the frequencies.

Regulation F, 1006.14(b)(3)(ii). Comment 14(b)(3)(ii)-1: busy, or not in service, is not connected; ringing unanswered, a mailbox or a recording, or an answer that is cut off, is.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the call did not connect."""
    return (facts.is_connected == 0) & (values.is_defined == 1)
