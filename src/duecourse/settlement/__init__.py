"""What the creditor owes its agencies: statements, measured rates, scorecards."""
