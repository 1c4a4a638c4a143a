"""No contact while a complaint is open."""
