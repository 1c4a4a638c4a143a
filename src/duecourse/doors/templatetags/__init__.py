"""Tags and filters of the doors' templates."""
