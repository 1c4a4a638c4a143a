"""Recordings are kept."""
