"""Seven days after a conversation."""
