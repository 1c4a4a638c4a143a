"""A time the debtor named."""
