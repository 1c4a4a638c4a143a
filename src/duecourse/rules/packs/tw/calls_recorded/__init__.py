"""Calls are recorded."""
