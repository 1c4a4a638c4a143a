"""One payment, several debts."""
