"""Nobody threatens to tell others of the debt.

CONC 7.9.6R forbids threats to disclose the debt to a third party as it forbids the disclosure.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether disclosure is threatened."""
    return (facts.is_disclosure_threatened == 1) & (values.is_barred == 1)
