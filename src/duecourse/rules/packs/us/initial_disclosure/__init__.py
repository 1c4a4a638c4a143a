"""What the first communication says."""
