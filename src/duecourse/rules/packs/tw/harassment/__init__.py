"""No harassment."""
