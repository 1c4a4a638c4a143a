"""The agency's side: a lead's batches, people and statements, and a collector's cases and calls."""
