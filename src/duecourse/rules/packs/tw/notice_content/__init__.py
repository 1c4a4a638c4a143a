"""What the notice holds."""
