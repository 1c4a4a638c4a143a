"""Lawyers' letters come from lawyers."""
