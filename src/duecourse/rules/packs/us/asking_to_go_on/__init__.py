"""Asking to go on at an inconvenient time."""
