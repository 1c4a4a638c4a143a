"""Length of a deferral."""
