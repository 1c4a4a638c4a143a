"""What counts as a telephone call."""
