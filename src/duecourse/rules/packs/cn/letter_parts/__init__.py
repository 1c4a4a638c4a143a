"""Required parts of a letter."""
