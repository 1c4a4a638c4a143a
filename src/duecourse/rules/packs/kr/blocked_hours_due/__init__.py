"""How many hours may be named."""
