"""What the person said before."""
