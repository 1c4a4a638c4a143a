"""Unanswered calls to one number a day."""
