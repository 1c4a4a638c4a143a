"""No payment by others."""
