"""For cards, a demand to the contact on file interrupts limitation.

Rules on bank cards (2021), article 3: text message, letter or e-mail to the number or address on file, deduction, or a report to
the police for malicious overdraft.

How we read it:

- Whether it arrived does not matter then.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the event interrupts nothing of a card."""
    ground = facts.is_to_contact_on_file + facts.is_deducted + facts.is_official_step
    return (ground == 0) | (facts.is_evidenced < values.is_evidence_required)
