"""Actual notice."""
