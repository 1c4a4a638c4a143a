"""Oral plans are recorded."""
