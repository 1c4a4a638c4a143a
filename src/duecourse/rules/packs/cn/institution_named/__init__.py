"""Institution named at first contact."""
