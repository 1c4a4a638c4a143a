"""No entering of the debtor's office."""
