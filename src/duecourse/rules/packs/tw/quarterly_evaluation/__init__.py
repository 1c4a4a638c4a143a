"""Evaluated every quarter."""
