"""Sensitive information."""
