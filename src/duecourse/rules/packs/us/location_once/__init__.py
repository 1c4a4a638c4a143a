"""One question to a third party."""
