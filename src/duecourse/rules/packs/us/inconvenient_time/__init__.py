"""Times the consumer called inconvenient."""
