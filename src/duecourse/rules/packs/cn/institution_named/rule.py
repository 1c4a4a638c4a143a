"""Whoever makes contact says at once for which institution.

The pledge of 2018, article 15: collectors promptly state the agency's name. The China Banking Association's guideline of 2026:
the institution is named at first contact.

How we read it:

- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
- Scripts and templates are checked by it before they are used.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: the institution is named at the first contact."""
    return (facts.is_institution_named < values.is_required) & (facts.is_first_contact > 0)
