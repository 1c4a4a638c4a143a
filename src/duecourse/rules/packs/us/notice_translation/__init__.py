"""Translated notice."""
