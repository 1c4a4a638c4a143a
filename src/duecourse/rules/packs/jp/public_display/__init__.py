"""No posters."""
