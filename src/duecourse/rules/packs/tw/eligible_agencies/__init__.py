"""Who may be an agency."""
