"""United States: Regulation F and what layers over it."""
