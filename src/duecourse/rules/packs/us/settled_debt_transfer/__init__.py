"""Transfer of a debt that is no longer owed."""
