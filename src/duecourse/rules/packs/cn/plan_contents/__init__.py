"""Contents of a plan."""
