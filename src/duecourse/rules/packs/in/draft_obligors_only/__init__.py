"""Draft: only borrower and guarantor."""
