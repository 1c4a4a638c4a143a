"""At least two visitors."""
