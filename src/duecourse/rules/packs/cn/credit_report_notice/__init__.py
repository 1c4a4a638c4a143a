"""Notice before a bad credit report."""
