"""No dear numbers."""
