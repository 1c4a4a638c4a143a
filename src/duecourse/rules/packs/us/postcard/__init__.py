"""Postcards."""
