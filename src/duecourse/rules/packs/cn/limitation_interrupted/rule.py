"""What begins limitation anew, and what does not.

Civil Code, article 195: a demand, the debtor's consent, lawsuit or arbitration, and their equivalents. Rules on limitation,
articles 8, 11 to 14 and 17: a message that reached or should have reached, deduction, payment order, mediation, report to the
police, part payment, request to defer, notice of assignment. Rules on bank cards, article 3: messages, letters and e-mail to the
contact on file.

How we read it:

- Without kept evidence nothing is counted on.
- Sending to the contact on file is granted to cards alone; for other products the demand must have reached the debtor or should
  have.
- The rules on cards are beside the point where the others suffice.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the event interrupts nothing."""
    ground = facts.has_reached_debtor + facts.has_debtor_consented + facts.is_official_step + facts.is_deducted
    return (ground == 0) | (facts.is_evidenced < values.is_evidence_required)
