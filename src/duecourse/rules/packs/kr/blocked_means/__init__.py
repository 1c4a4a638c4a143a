"""Excluded means."""
