"""No duty to record calls."""
