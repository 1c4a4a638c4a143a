"""Visits a month."""
