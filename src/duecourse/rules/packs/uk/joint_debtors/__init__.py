"""Joint debtors are protected."""
