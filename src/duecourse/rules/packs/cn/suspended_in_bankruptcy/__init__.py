"""No contact in bankruptcy."""
