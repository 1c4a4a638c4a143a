"""Deferral."""
