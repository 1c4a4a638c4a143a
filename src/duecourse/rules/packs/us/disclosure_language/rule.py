"""A disclosure is made in every language of the communication that carries it.

Regulation F, 12 CFR 1006.18(e)(4): the disclosures of (e)(1) and (2) are made in the same language or languages as the rest of the
communication. Comment 18(e)(4)-1.i: a communication partly in English and partly in Spanish needs the disclosure in both.

How we read it: one language left out is a breach; a further language is none.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a language of the communication is without the disclosure."""
    return (facts.is_language_left_out == 1) & (values.is_barred == 1)
