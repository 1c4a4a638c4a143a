"""Default interest on what is due."""
