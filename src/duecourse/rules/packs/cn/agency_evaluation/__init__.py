"""Agencies are evaluated yearly."""
