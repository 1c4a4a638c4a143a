"""Signing after limitation is informed."""
