"""Creditor's notice about e-mail."""
