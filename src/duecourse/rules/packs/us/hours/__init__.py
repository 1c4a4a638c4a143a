"""Presumed hours."""
