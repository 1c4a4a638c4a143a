"""Recordings kept."""
