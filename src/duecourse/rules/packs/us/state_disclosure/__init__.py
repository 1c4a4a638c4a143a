"""Disclosures of state law."""
