"""Breathing space."""
