"""At most three visitors."""
