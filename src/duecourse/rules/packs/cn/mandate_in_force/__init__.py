"""Only while the mandate lasts."""
