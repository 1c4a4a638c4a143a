"""The way to opt out."""
