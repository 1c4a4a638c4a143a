"""The languages in which disclosures are made."""
