"""No posing as an authority."""
