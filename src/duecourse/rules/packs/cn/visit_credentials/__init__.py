"""Visitors show credentials."""
