"""Procedures for e-mail addresses."""
