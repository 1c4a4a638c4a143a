"""Only agencies on the published list."""
