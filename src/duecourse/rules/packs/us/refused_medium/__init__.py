"""Media, addresses and numbers that the person refused."""
