"""Requests to become a contact on a social platform."""
