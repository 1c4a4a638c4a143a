"""Procedures for text messages."""
