"""Pause while a plan is made."""
