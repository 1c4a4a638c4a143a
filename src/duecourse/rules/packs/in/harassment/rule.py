"""No intimidation, humiliation, anonymous or persistent calling, or false statements.

Reserve Bank of India, circular of 12 August 2022: neither words nor deeds of intimidation or harassment, no public humiliation, no
inappropriate messages, no threatening or anonymous calls, no persistent calling, no false or misleading statements.

How we read it: each is marked when a conversation or a message is checked; one is enough. "Persistent" has no number in the text, so
whoever checks decides; a creditor may set a number as policy of its own.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether any of the acts was found."""
    is_threat = (facts.is_intimidating == 1) | (facts.is_publicly_humiliating == 1)
    is_pestering = (facts.is_anonymous == 1) | (facts.is_persistent == 1) | (facts.is_deceitful == 1)
    return (is_threat | is_pestering) & (values.is_barred == 1)
