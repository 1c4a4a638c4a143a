"""What is said to a third party."""
