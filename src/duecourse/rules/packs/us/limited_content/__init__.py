"""Limited-content messages."""
