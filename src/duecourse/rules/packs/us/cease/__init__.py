"""Consumers who want no more contact."""
