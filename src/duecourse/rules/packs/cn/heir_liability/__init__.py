"""What heirs owe."""
