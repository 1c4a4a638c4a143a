"""Impact assessed first."""
