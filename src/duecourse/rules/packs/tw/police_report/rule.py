"""Violence or threats are reported to the police.

Outsourcing regulations, article 16, item 4 (2006).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether violence or threats were found and not reported."""
    return (facts.is_violence_found == 1) & (facts.is_reported_to_police == 0) & (values.is_required == 1)
