"""Agencies report."""
