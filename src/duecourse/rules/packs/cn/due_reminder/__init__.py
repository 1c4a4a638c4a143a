"""Reminder before the due day."""
