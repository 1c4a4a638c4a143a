"""Visits a day."""
