"""Calling hours."""
