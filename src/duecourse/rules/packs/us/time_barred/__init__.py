"""Time-barred debts."""
