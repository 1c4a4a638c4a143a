"""Disclosure to an opted-out address."""
