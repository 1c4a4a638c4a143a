"""Collectors are trained and examined."""
