"""Disputes about the credit record."""
