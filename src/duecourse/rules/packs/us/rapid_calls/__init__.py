"""Calls in rapid succession."""
