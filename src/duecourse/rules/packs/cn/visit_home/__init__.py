"""No entering of homes."""
