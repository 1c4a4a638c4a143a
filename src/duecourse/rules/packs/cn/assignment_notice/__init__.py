"""The assignment is notified."""
