"""Account number."""
