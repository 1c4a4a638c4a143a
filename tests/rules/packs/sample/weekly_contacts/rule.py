"""At most so many contacts in seven days, and none within two days of a visit: a rolling limit, for the tests."""


def is_breached(facts, values):
    """Whether the week is used up, or the last visit is too near."""
    return (facts.contacts_week_count >= values.contacts_max_count) | (facts.days_since_visit < values.quiet_days)
