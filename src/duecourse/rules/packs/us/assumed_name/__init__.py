"""Assumed names."""
