"""No contact while the debt is disputed."""
