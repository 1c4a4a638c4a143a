"""Massachusetts: two calls in seven days."""
