"""Longest plan."""
