"""Microfinance loans: home or work only after two meetings in a row were missed.

Reserve Bank of India, Master Direction of 14 March 2022, on the place of recovery. Remembered, not seen. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether fewer meetings in a row were missed, for a microfinance loan."""
    return (facts.designated_place_missed_count < values.missed_min_count) & (facts.is_microfinance_loan == 1)
