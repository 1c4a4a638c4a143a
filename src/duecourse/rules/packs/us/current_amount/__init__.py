"""Current amount of the debt."""
