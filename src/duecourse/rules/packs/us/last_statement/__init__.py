"""Last statements."""
