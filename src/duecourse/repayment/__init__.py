"""Money from borrowers: payments, matching, imputation, attribution and promises."""
