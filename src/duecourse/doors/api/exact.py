"""JSON with instants to the microsecond, as they are stored."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja.renderers import BaseRenderer


class ExactJson(BaseRenderer):
    """Writes documents."""

    media_type = "application/json"

    def render(self, request: HttpRequest, content: Any, *, response_status: int) -> str:
        """Return the document."""
        return text_of(content)


def text_of(content: Any) -> str:
    """Return a document of texts, whole numbers, truth values, days and instants."""
    return json.dumps(content, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(type(value).__name__)
