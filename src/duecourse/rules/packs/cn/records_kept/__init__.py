"""How long records of collection are kept."""
