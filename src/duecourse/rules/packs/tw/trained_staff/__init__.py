"""Trained staff."""
