"""What each later communication says."""
