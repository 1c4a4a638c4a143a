"""No charges in a moratorium."""
