"""Mental health crisis moratorium."""
