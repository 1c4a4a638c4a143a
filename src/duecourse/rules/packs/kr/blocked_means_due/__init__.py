"""How many means may be excluded."""
