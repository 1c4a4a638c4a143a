"""Confirmation of mediation in time."""
