"""No restraint, no intrusion."""
