"""No violence, coercion, threats, abuse, harassment, deceit or intrusion on privacy.

Cash card notes, item 21 (2005). Each is marked when a conversation or a message is checked; one is enough.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether any of the acts was found."""
    is_threat = (facts.is_violent == 1) | (facts.is_intimidating == 1) | (facts.is_insulting_or_harassing == 1)
    is_wrong = (facts.is_deceitful == 1) | (facts.is_privacy_intruded == 1)
    return (is_threat | is_wrong) & (values.is_barred == 1)
