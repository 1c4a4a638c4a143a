"""Readers of questions about contacts: calls, messages, visits, and what is said in them."""

from __future__ import annotations

from duecourse.rules.conformance.vector import Reader

ACTIONS: dict[str, Reader] = {}
