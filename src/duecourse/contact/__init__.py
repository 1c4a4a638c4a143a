"""Permits, refusals and attempts to reach a debtor."""
