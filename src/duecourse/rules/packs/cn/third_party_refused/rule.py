"""A third party who asked not to be contacted is left alone.

GB/T 45251-2025, 5.3: if the contact person refuses or asks not to be contacted, contact stops. The China Banking Association's
guideline of 2026 says so for persons unrelated to the debt. Civil Code, article 1033 (1): nobody's private peace is disturbed by
calls, messages or leaflets without consent or a basis in law.

How we read it:

- The Civil Code speaks of disturbing, not of a refusal. That a contact after a refusal disturbs is our reading; it drives the
  flag, not a count.
- One refusal holds for all channels, all agencies and all time, until withdrawn.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the third party has refused."""
    return (facts.is_third_party > 0) & (facts.has_refused_contact >= values.is_barred) & (values.is_barred > 0)
