"""Statute-barred debts."""
