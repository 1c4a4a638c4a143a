"""Persons other than the consumer."""
