"""Pause while disputed."""
