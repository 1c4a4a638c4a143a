"""The notice names the agency, the amount, how long recordings are kept, the complaint telephone, and the acts that are barred.

Outsourcing regulations, article 16, item 6 (2006); the barred acts are those of article 14.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether one of the five parts is missing."""
    is_short = (facts.names_agency == 0) | (facts.states_amount == 0) | (facts.states_recording_retention == 0)
    is_silent = (facts.states_complaint_phone == 0) | (facts.lists_barred_acts == 0)
    return (is_short | is_silent) & (values.is_required == 1)
