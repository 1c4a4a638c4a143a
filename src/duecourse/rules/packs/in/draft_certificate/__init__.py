"""Draft: certified agents."""
