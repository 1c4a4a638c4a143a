"""Data to another controller."""
