"""A rule that rests on a weak source, for the tests: no visits at all."""


def is_breached(facts, values):
    """Whether visits are barred."""
    return (values.is_barred > 0) & (facts.local_minute >= 0)
