"""Records are true and handed over."""
