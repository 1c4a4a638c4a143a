"""When a spouse owes."""
