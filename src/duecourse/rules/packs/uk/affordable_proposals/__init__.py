"""Affordable proposals."""
