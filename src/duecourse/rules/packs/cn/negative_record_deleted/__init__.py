"""Bad credit data are deleted."""
