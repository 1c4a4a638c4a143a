"""No private telephones or accounts."""
