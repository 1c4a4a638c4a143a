"""Agencies are published."""
