"""Readers of questions about papers: notices, safe harbours, records, furnishing."""

from __future__ import annotations

from duecourse.rules.conformance.vector import Reader

ACTIONS: dict[str, Reader] = {}
