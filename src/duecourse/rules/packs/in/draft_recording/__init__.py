"""Draft: calls are recorded."""
