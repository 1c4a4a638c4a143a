"""A basis in law."""
