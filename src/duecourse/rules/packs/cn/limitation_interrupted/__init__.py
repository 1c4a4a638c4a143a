"""What interrupts limitation."""
