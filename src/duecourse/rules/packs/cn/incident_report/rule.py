"""An incident is reported to the regulator within two hours, and in writing within twenty-four.

Measures on data security of banks and insurers (2024), by memory.

How we read it:

- Remembered and not verified; asleep until somebody enables it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a report is late."""
    is_first_late = (facts.minutes_since_incident > values.first_report_max_minutes) & (facts.is_incident_reported == 0)
    is_written_late = (facts.minutes_since_incident > values.written_report_max_minutes) & (facts.is_incident_reported_in_writing == 0)
    return is_first_late | is_written_late
