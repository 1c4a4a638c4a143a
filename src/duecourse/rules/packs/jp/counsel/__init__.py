"""Counsel was instructed."""
