"""Which calls count."""
