"""Answer to a duplicative dispute."""
