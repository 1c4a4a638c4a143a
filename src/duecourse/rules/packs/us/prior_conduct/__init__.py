"""What the collector did before."""
