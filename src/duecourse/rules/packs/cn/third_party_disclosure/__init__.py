"""No word of the debt to third parties."""
