"""What interrupts limitation of cards."""
