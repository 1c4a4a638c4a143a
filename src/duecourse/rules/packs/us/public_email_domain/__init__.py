"""Domain open to the public."""
