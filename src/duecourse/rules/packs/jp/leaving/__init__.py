"""Leave when asked."""
