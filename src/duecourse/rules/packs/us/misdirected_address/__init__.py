"""Address known to reach others."""
