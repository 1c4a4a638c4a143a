"""Contact hours."""
