"""Nothing is made public."""
