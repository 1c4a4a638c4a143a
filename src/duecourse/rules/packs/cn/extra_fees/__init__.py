"""No extra fees."""
