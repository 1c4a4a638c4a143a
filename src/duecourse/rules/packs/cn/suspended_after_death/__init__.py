"""No contact after death."""
