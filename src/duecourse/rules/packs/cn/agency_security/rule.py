"""An agency keeps the data safe and helps the creditor with its duties.

PIPL, article 59; article 51: policies, classification, encryption or de-identification, least privilege, training, plans for
incidents.

How we read it:

- Which measures are enough is judged by the creditor's evaluation; the rule asks whether they were found to be.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether one is missing."""
    return (facts.has_security_measures < values.is_required) | (facts.is_assisting < values.is_required)
