"""Connected calls a day."""
