"""The contract behind a hand-over."""
