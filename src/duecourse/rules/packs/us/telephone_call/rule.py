"""Placing a telephone call includes putting a voice message straight into a mailbox; a text or an e-mail is none.

Regulation F, 1006.14(b)(1), comment 14(b)-1; 1006.14(b)(3)(ii) leaves out of the frequencies what does not connect to the number dialled (comment 14(b)(3)(ii)-1).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether no voice is carried."""
    is_voice = facts.is_voice_call | facts.is_ringless_voicemail
    return (is_voice == 0) & (values.is_defined == 1)
