"""Contact before furnishing."""
