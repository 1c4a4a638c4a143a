"""Identity first."""
