"""Collectors sign confidentiality."""
