"""Objections are flagged and verified."""
