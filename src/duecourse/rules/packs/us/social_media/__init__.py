"""Social media."""
