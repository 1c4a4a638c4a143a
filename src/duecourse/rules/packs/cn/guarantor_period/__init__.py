"""Guarantee period."""
