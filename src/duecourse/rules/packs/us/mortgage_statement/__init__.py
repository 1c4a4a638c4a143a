"""Special rule for mortgages."""
