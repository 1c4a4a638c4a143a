"""Seven contacts in seven days."""
