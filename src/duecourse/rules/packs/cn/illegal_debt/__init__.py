"""No enforcing of unlawful debts."""
