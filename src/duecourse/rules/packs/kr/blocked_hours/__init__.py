"""Hours to be left alone."""
