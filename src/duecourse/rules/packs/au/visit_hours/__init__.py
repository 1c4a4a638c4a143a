"""Visiting hours."""
