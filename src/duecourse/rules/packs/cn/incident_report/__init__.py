"""Incidents are reported to the regulator."""
