"""No more fields than needed."""
