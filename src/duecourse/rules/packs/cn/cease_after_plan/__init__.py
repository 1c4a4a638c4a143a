"""No collection under a kept plan."""
