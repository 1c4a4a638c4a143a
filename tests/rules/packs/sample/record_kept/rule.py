"""A record is kept for two years: a rule about a record, for the tests."""


def is_breached(facts, values):
    """Whether it is deleted too early."""
    return facts.kept_months < values.kept_min_months
