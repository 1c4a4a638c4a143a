"""Notice before an agency."""
