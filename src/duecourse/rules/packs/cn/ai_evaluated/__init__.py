"""Artificial voices and models are evaluated."""
