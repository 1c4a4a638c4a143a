"""Who counts as a debtor: a definition, for the tests."""


def is_breached(facts, values):
    """Whether the person owes nothing."""
    return (facts.is_obligor == 0) & (values.is_defined == 1)
