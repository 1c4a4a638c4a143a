"""No violence, threats or insults."""
