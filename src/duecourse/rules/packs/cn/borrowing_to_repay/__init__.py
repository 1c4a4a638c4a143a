"""No urging to borrow."""
