"""Mortgages: usually reasonable hours."""
