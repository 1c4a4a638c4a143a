"""Family and friends are left alone."""
