"""Mail keeps its secret."""
