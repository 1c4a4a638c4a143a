"""Itemization date."""
