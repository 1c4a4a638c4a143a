"""Marks on the envelope."""
