"""Who may have a standard breathing space."""
