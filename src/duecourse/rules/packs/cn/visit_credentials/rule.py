"""On site, credentials and the loan's papers are shown.

The pledge of 2018, article 15: on site, credentials and information on the loan are shown. The China Banking Association's
guideline of 2026: identification is shown.

How we read it:

- Whoever asks for the permit says that credentials are carried; unsaid, they are not.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether no credentials are shown."""
    return facts.has_credentials < values.is_required
