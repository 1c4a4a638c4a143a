"""Disputes stop collection."""
