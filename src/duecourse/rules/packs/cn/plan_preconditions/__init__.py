"""When a plan may be made."""
