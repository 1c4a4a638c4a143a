"""A visit is recorded.

The pledge of 2018, article 21: collection on site is recorded in sound or pictures. The China Banking Association's guideline of
2026: sound and pictures, throughout.

How we read it:

- Sound or pictures suffice for the pledge; where the guideline binds, both are needed.
- Whoever asks for the permit says what will be recorded; unsaid, nothing is.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether too little is recorded."""
    return facts.is_audio_recorded + facts.is_video_recorded < values.recordings_min_count
