"""Nobody signs away limitation without knowing it.

Rules on limitation, article 19: who signs a demand after limitation has ended gives up the defence.

How we read it:

- The article says what the signature does. That the signer should be told is our reading, so the rule warns.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: a signature on a demand is sought after limitation, and nothing excuses it."""
    return (facts.is_signature_sought > 0) & (facts.is_waiver_explained == 0) & (values.is_barred > 0)
