"""Itemization on a separate page."""
