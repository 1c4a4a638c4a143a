"""Identity verified before the debt is told."""
