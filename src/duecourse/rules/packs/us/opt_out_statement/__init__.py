"""Opt-out statement."""
