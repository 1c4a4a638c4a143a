"""Voicemails left in rapid succession weigh against the caller.

Regulation F, comment 14(b)(2)(i)-2.ii.

How we read it: a pattern that the comment names is a warning: nothing is presumed from it alone, but it weighs when the presumption of compliance is
contested.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a voicemail is left only minutes after another."""
    return (facts.is_voicemail_left == 1) & (facts.minutes_since_voicemail <= values.succession_minutes)
