"""No clauses on limitation."""
