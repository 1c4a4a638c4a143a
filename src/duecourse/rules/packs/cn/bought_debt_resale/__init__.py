"""No resale of bought personal bad loans."""
