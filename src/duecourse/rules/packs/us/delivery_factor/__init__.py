"""What counts towards actual notice."""
