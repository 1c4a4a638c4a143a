"""No contact with a third party who refused."""
