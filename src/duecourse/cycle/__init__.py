"""The month in ten steps."""
