"""Data come back at the end."""
