"""Contact at work."""
