"""Massachusetts: more than two telephone contacts about a debt in seven days are unfair.

940 CMR 7.04(1)(f), seen in a secondary source only. It binds creditors themselves as well as collectors, so it stands here as an example of a
state's layer over Regulation F. It is off: a state's rule concerns that state's consumers alone, and the text was not read. Load the pack with
`enable=("us.calls_massachusetts",)` to use it; a creditor with few consumers there may instead set `us.calls_in_seven_days.calls_max_count` to 2
in its policy.

How we read it: as the federal count, per debt and over seven local calendar days, without the federal exclusions for consent. Once it is on, a
consumer whose state is not known is taken to live there.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the coming call would be one too many in Massachusetts."""
    return (facts.calls_week_debt_count >= values.calls_max_count) & (facts.is_in_massachusetts == 1)
