"""No pressure to pay."""
