"""At work."""
