"""Workplace and other places."""
