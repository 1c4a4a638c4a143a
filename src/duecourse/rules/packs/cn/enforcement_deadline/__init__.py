"""Enforcement is applied for in time."""
