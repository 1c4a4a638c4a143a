"""Wishes are heeded."""
