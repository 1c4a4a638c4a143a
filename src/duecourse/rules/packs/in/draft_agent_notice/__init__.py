"""Draft: prior notice of the agent."""
