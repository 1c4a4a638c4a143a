"""Only debtor and guarantor."""
