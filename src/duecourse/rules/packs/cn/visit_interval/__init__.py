"""Days between visits."""
