"""No disclosure to third parties."""
