"""No contact at night."""
