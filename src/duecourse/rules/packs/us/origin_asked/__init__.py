"""Questions for the original creditor stop collection."""
