"""The institution takes the case."""
