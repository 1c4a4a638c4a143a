"""No unlawful taking of property."""
