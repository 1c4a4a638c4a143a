"""Agencies are inspected yearly."""
