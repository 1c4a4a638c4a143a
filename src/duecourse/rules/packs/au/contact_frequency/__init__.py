"""Frequency of contact."""
