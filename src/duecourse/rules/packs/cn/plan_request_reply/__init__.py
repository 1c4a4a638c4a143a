"""Reply to a request for a plan."""
