"""Readers of questions about papers: notices, addresses and safe harbours, messages and delivery, furnishing, payments, records."""

from __future__ import annotations

from duecourse.rules.conformance import addresses, dealings, messages, notices
from duecourse.rules.conformance.vector import Reader

ACTIONS: dict[str, Reader] = {**notices.ACTIONS, **addresses.ACTIONS, **messages.ACTIONS, **dealings.ACTIONS}
"""Which reader answers which action."""
