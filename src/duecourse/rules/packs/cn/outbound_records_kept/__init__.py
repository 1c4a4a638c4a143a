"""Outbound call records are kept."""
