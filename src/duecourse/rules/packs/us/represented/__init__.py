"""Consumers with an attorney."""
