"""Every e-mail and text tells, clearly, how to opt out of that address or number.

Regulation F, 1006.6(e): in each electronic communication and attempt; a reasonable and simple way, without a fee and without asking for more than
the wish and the address. What a notice must say is judged on its own; here it is enough whether the message has one.

How we read it: whoever asks must state that the template has it; unsaid, the message is refused.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the message lacks the line."""
    return (facts.has_opt_out_line == 0) & (values.is_required == 1)
