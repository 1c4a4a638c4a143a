"""Duplicate disputes."""
