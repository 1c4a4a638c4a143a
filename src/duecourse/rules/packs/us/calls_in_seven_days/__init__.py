"""Seven calls in seven days."""
