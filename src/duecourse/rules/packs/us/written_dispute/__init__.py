"""Disputes in writing."""
