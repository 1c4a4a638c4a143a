"""Report to the police."""
