"""Leaks are mended and told."""
