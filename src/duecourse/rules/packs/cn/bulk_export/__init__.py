"""Alarm on bulk exports."""
