"""Who is the consumer."""
