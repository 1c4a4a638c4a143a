"""Validation period."""
