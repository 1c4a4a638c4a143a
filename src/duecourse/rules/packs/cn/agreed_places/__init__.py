"""Places agreed not to be used."""
