"""Itemization fields."""
