"""Noon should be quiet: a rule that warns, for the tests."""


def is_breached(facts, values):
    """Whether the minute lies inside the quiet time."""
    return (facts.local_minute >= values.quiet_from_minute) & (facts.local_minute < values.quiet_until_minute)
