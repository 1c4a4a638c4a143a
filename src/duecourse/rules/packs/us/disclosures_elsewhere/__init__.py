"""Disclosures on the reverse."""
