"""No pressing to borrow."""
