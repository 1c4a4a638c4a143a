"""No collector with a bad record."""
