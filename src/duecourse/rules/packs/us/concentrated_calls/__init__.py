"""Calls crowded into a day."""
