"""Persons' requests are handled."""
