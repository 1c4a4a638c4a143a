"""Third parties only when the debtor cannot be reached."""
