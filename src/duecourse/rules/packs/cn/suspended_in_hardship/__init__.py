"""No contact in recognised hardship."""
