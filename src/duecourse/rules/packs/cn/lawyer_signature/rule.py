"""Only a licensed lawyer signs as one.

Lawyers Act, article 13: nobody without a licence practises in a lawyer's name.

How we read it:

- An agency may send what a law firm wrote and signed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: signed in the name of a lawyer, and nothing excuses it."""
    return (facts.is_signed_as_lawyer > 0) & (facts.is_signed_by_lawyer == 0) & (values.is_barred > 0)
