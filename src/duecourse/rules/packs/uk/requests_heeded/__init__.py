"""Reasonable requests are heeded."""
