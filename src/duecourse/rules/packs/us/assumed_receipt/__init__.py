"""Assumed receipt."""
