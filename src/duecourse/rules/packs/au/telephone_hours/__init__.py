"""Telephone hours."""
