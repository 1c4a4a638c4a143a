"""China (mainland)."""
