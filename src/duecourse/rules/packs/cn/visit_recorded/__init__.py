"""Visits are recorded."""
