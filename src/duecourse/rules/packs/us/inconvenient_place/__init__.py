"""Places the consumer called inconvenient."""
